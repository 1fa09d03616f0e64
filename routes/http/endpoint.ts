import type { Context } from 'koa';
import type { z } from 'zod';
import type { CacheKind } from '../../lib/cache/cached-answer.ts';
import type { Caller, Scope } from '../../lib/tokens/caller.ts';
import type { ProblemSlug } from '../../lib/problem.ts';
import type { MarketReading } from '../../streams/market/market-reading.ts';
import type { Batch } from './parse-input.ts';
import type { Services } from './handler-services.ts';

type Schema = z.ZodType;

/** Default limit of a JSON body, in KiB. */
export const BODY_LIMIT_KB = 16;
type Parsed<T> = T extends Schema ? z.output<T> : undefined;
type Body<T> = T extends Schema ? z.input<T> : void;

/** `public` endpoints answer everyone; all others require a credential with the scope. */
export type Access = Scope | 'public';

export interface Input<P, Q, B, A> {
  params: Parsed<P>;
  query: Parsed<Q>;
  body: Parsed<B>;
  /** The sender; `null` on public endpoints unless a valid credential was sent. */
  caller: A extends 'public' ? Caller | null : Caller;
  /** For what has no declaration: streams write to the response themselves. */
  ctx: Context;
}

/** A response other than the declared status with a plain body. */
export class Reply<T> {
  readonly body: T;
  readonly status: number | undefined;
  readonly headers: Record<string, string>;
  constructor(body: T, { status, headers = {} }: { status?: number; headers?: Record<string, string> } = {}) {
    this.body = body;
    this.status = status;
    this.headers = headers;
  }
}

/**
 * An answer that is computed only for a client that does not have it. `basis` names its inputs (ledger version, market
 * position, …) and is cheap to find: equal bases mean equal answers. The ETag is made from it.
 */
export class Conditional<T> {
  readonly basis: string;
  readonly make: () => Promise<T> | T;
  constructor(basis: string, make: () => Promise<T> | T) {
    this.basis = basis;
    this.make = make;
  }
}

/**
 * An answer that is cached for all who ask the same, until an input changes: its `basis`, or anything that `make` reads
 * from the given market. The endpoint declares the `cache`.
 */
export class Cached<T> {
  readonly terms: {
    /** Whose answer it is: a portfolio's id, a symbol, or `market`. */
    owner: string;
    /** Everything that distinguishes it from other answers of the endpoint for this owner; JSON. */
    question: unknown;
    /** Ledger version, settings, … found cheaply, as of this request. `null`: not known at the moment. */
    basis: string | null;
    /** What its ETag is made from, if that is known without computing it, as for `Conditional`. */
    tagged?: string | null;
  };
  readonly make: (market: MarketReading) => Promise<T> | T;
  constructor(terms: Cached<T>['terms'], make: (market: MarketReading) => Promise<T> | T) {
    this.terms = terms;
    this.make = make;
  }
}

/**
 * How long a client may use an answer: `revalidate`, only after checking its ETag; `never`, it must not even be stored;
 * or for a number of seconds.
 */
type Keep = 'revalidate' | 'never' | { seconds: number };

interface Declaration<P, Q, B, R, A extends Access> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  path: string;
  /** Names the operation in OpenAPI and in the typed client. */
  id: string;
  tag:
    | 'auth'
    | 'users'
    | 'portfolios'
    | 'accounts'
    | 'trades'
    | 'transfers'
    | 'entries'
    | 'pnl'
    | 'market'
    | 'streams'
    | 'service';
  summary: string;
  description?: string;
  access: A;
  /**
   * `person`: requires a log-in; an API key is refused whatever its scopes. For everything that creates, widens or
   * outlives a credential, decides over people and what they share, or cannot be undone.
   */
  credential?: 'person';
  /** Public with `PUBLIC_MARKET=true`. */
  publicMarket?: boolean;
  /** Takes a stream token in `?token=` as well: its query schema must know that parameter. */
  streamToken?: boolean;
  /** Another way to be authorised: a request for which it is true needs no credential. */
  alsoOpenTo?: (ctx: Context, services: Services) => boolean;
  /**
   * The limit that it counts against besides those of every request: `login` for what checks passwords or issues
   * tokens, `stream` for what opens a stream. `none`: not even counted by address.
   */
  limit?: 'login' | 'stream' | 'none';
  params?: P;
  query?: Q;
  body?: B;
  /** The body is one item or many: see `itemOrBatch`. Its size is limited by BODY_LIMIT_KB. */
  batch?: Batch;
  /**
   * Reads the same body from a CSV file, if the media type is one of those: `CSV_MEDIA_TYPES`. It is as large as a JSON
   * body at most.
   */
  readCsv?(input: { ctx: Context; query: Parsed<Q> }, services: Services): Promise<Parsed<B>>;
  /** Largest JSON body that is no batch, in KiB; `BODY_LIMIT_KB` if omitted. */
  bodyLimitKb?: number;
  /** Success status; 101 and 204 have no response schema. */
  status: 101 | 200 | 201 | 204;
  /** Other success statuses with the same body: 200 instead of 201 if nothing new was created. */
  otherStatuses?: { status: number; description: string }[];
  response: R;
  /** `csv`: the handler reads the body itself, as it arrives; there is no `body` schema. */
  consumes?: 'json' | 'csv';
  /**
   * `stream`: the handler writes an event stream to the response. `text`: the response is not JSON. `csv`: it is a
   * stream of CSV text.
   */
  produces?: 'json' | 'stream' | 'text' | 'csv';
  /** Default: `revalidate` for reads, `never` for writes and for all of `auth`. */
  keep?: Keep;
  /**
   * Where its answers are cached. `staleS`: with `Cache-Control: max-stale` the client accepts an answer up to this age
   * of which only prices have moved; it is marked `X-Cache: stale`.
   */
  cache?: { kind: CacheKind; staleS?: number };
  /**
   * Members of the body that only say when it was computed: they are left out of its ETag. `position` is none of them, even
   * where the figures of a past span stay: clients compare it with that of other answers, so an older one is no substitute.
   */
  untagged?: readonly string[];
  /** `csv`: a request body for `readCsv`. */
  examples?: { request?: unknown; csv?: string; response?: unknown };
  problems?: ProblemSlug[];
}

/** An endpoint without its types, for the router and the documents, which treat all of them alike. */
export interface Endpoint extends Declaration<
  Schema | undefined,
  Schema | undefined,
  Schema | undefined,
  Schema | null,
  Access
> {
  /** @param input as parsed by the endpoint's own schemas: nothing else may be given */
  handler(input: never, services: Services): Promise<unknown>;
}

/**
 * Declares one endpoint: router, validation, types and documents are made from it.
 *
 * Bodies and queries must be strict objects: an unknown field is an error that names it, not something to ignore.
 */
export function endpoint<
  A extends Access,
  R extends Schema | null,
  P extends Schema | undefined = undefined,
  Q extends Schema | undefined = undefined,
  B extends Schema | undefined = undefined,
>(
  declaration: Declaration<P, Q, B, R, A> & {
    handler(
      input: Input<P, Q, B, A>,
      services: Services,
    ): Promise<Body<R> | Reply<Body<R>> | Conditional<Body<R>> | Cached<Body<R>>>;
  },
): Endpoint {
  return declaration;
}
