import type { Context } from 'koa';
import type { z } from 'zod';
import type { CacheKind } from '../../lib/cache/cached-answer.ts';
import type { Caller, Scope } from '../../lib/tokens/caller.ts';
import type { ProblemSlug } from '../../lib/problem.ts';
import type { MarketReading } from '../../streams/market/market-reading.ts';
import type { Batch } from './parse-input.ts';
import type { Services } from './handler-services.ts';

type Schema = z.ZodType;

/** Largest JSON body of an endpoint that declares nothing else, in KiB. */
export const BODY_LIMIT_KB = 16;
type Parsed<T> = T extends Schema ? z.output<T> : undefined;
type Body<T> = T extends Schema ? z.input<T> : void;

/** `public` endpoints answer anybody; all others ask for a credential with the scope. */
export type Access = Scope | 'public';

export interface Input<P, Q, B, A> {
  params: Parsed<P>;
  query: Parsed<Q>;
  body: Parsed<B>;
  /** Who asks; `null` on public endpoints unless a valid credential came along. */
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
 * An answer that is made only for who does not have it yet. `basis` names what it is made of (ledger version, market
 * position, …), found at little cost: equal bases, equal answers. The ETag is made of it.
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
 * An answer that is kept for whoever asks the same, as long as what it is made of stands: its `basis`, and what `make`
 * reads of the market that it is given. The endpoint declares which `cache` it goes to.
 */
export class Cached<T> {
  readonly terms: {
    /** Whose answer it is: a portfolio's id, a symbol, or `market`. */
    owner: string;
    /** All that tells it from other answers of the endpoint for this owner; JSON. */
    question: unknown;
    /** Ledger version, settings, … found at little cost, as of this request. `null`: not known just now. */
    basis: string | null;
    /** What its ETag is of, when that is known without making it, as for `Conditional`. */
    tagged?: string | null;
  };
  readonly make: (market: MarketReading) => Promise<T> | T;
  constructor(terms: Cached<T>['terms'], make: (market: MarketReading) => Promise<T> | T) {
    this.terms = terms;
    this.make = make;
  }
}

/**
 * For how long those who got an answer may use it: `revalidate`, only when its ETag has been asked after; `never`, it
 * must not even be stored; or for some seconds.
 */
type Keep = 'revalidate' | 'never' | { seconds: number };

interface Declaration<P, Q, B, R, A extends Access> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  path: string;
  /** Names the operation in OpenAPI and in the typed client. */
  id: string;
  tag: 'auth' | 'users' | 'portfolios' | 'trades' | 'transfers' | 'pnl' | 'market' | 'streams' | 'service';
  summary: string;
  description?: string;
  access: A;
  /**
   * `person`: needs a log-in; an API key is refused whatever its scopes. For everything that makes, widens or outlives
   * a credential, decides over people and what they share, or cannot be undone.
   */
  credential?: 'person';
  /** With `PUBLIC_MARKET=true` it answers anybody. */
  publicMarket?: boolean;
  /** Takes a stream token in `?token=` as well: its query schema must know that parameter. */
  streamToken?: boolean;
  /** A way in that is no caller's: a request it holds true for needs no other credential. */
  alsoOpenTo?: (ctx: Context, services: Services) => boolean;
  /**
   * What it counts against beside the limits that hold for every request: `login` for what checks passwords or hands
   * out tokens, `stream` for what opens one. `none`: not even counted by address.
   */
  limit?: 'login' | 'stream' | 'none';
  params?: P;
  query?: Q;
  body?: B;
  /** The body is one item or many: see `itemOrBatch`. Its size is limited by BODY_LIMIT_KB. */
  batch?: Batch;
  /** Largest JSON body that is no batch, in KiB; `BODY_LIMIT_KB` when left out. */
  bodyLimitKb?: number;
  /** Success status; 101 and 204 have no response schema. */
  status: 101 | 200 | 201 | 204;
  /** Further success statuses with the same body: 200 beside 201 when nothing new was made. */
  otherStatuses?: { status: number; description: string }[];
  response: R;
  /** `csv`: the handler reads the body itself, as it arrives; there is no `body` schema. */
  consumes?: 'json' | 'csv';
  /**
   * `stream`: the handler writes an event stream to the response. `text`: the response is not JSON. `csv`: it is a
   * stream of CSV text.
   */
  produces?: 'json' | 'stream' | 'text' | 'csv';
  /** Default: `revalidate` for what is read, `never` for what is written and for all of `auth`. */
  keep?: Keep;
  /**
   * Where its answers are kept. `staleS`: with `Cache-Control: max-stale` the client may have an answer of this age at
   * most, of which only prices have moved; it is marked `X-Cache: stale`.
   */
  cache?: { kind: CacheKind; staleS?: number };
  /** Members of the body that only tell when it was made: its ETag does without them. */
  untagged?: readonly string[];
  examples?: { request?: unknown; response?: unknown };
  problems?: ProblemSlug[];
}

/** An endpoint without its types, for the router and the documents, which treat all alike. */
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
 * Declares one endpoint: router, validation, types and documents are all made from this.
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
