import type { Credentials } from './credentials.js';
import { OPERATIONS } from './operations.js';
import { refusalOf } from './problem.js';
import type { operations } from './schema.js';

const JSON_TYPE = 'application/json';

/** Method, path, and the type of the body if it is not JSON. */
type Operation = readonly [method: string, path: string, type?: string];
type OperationId = keyof typeof OPERATIONS & keyof operations;

/** Cookies and headers are not the caller's concern: the client sends what is needed. */
type Given<P> = {
  [K in keyof P & ('path' | 'query')]-?: [P[K]] extends [undefined] ? never : K;
}[keyof P & ('path' | 'query')];

/** Picked, so that optional properties stay optional. */
type Parameters<O> = O extends { parameters: infer P } ? Pick<P, Given<P>> : unknown;

type Body<O> = O extends { requestBody: { content: infer C } }
  ? C extends { 'application/json': infer B }
    ? { body: B }
    : { body: string | Blob }
  : unknown;

type Content<R> = R extends { content: infer C }
  ? C extends { 'application/json': infer B }
    ? B
    : string
  : undefined;

type Success<O> = O extends { responses: infer R }
  ? { [S in keyof R]: S extends 200 | 201 | 204 ? Content<R[S]> : never }[keyof R]
  : never;

type Input<O> = Parameters<O> & Body<O>;

export interface CallOptions {
  /** Cancels the call. */
  signal?: AbortSignal;
  /** How long the whole call may take, in milliseconds; default 30,000. `null`: no limit. */
  timeoutMs?: number | null;
}

/** If nothing is required, the argument may be omitted. */
type Arguments<O> =
  Partial<Input<O>> extends Input<O>
    ? [input?: Input<O>, options?: CallOptions]
    : [input: Input<O>, options?: CallOptions];

/**
 * One method per operation of the OpenAPI document.
 * @throws MarktideError for a refusal by the server
 */
export type Rest = {
  [K in OperationId]: (...input: Arguments<operations[K]>) => Promise<Success<operations[K]>>;
};

interface AnyInput {
  path?: Record<string, unknown>;
  query?: Record<string, string | number | boolean | null | undefined>;
  body?: unknown;
}

function urlOf(base: string, template: string, { path = {}, query = {} }: AnyInput): string {
  const target = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(path[name])),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) search.set(name, String(value));
  }
  return `${base}${target}${search.size === 0 ? '' : `?${String(search)}`}`;
}

async function answerOf(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  return isJson ? await response.json() : await response.text();
}

const ANSWER_MS = 30_000;

function signalsOf({ signal, timeoutMs = ANSWER_MS }: CallOptions): { signal?: AbortSignal } {
  const signals = [
    ...(signal === undefined ? [] : [signal]),
    ...(timeoutMs === null ? [] : [AbortSignal.timeout(timeoutMs)]),
  ];
  return signals.length === 0 ? {} : { signal: AbortSignal.any(signals) };
}

function bodyOf(type: string, body: unknown): { body?: string | Blob } {
  if (body === undefined) return {};
  if (type === JSON_TYPE) return { body: JSON.stringify(body) };
  return { body: body as string | Blob };
}

/** The typed calls of a server. A request whose token has expired is repeated once with a new one. */
export function restOf(url: string, credentials: Credentials, fetcher: typeof fetch): Rest {
  async function call(
    [method, template, type = JSON_TYPE]: Operation,
    input: AnyInput,
    options: CallOptions,
  ): Promise<unknown> {
    const target = urlOf(url, template, input);
    const request = { method, ...bodyOf(type, input.body), ...signalsOf(options) };
    const send = async (headers: Record<string, string>): Promise<Response> =>
      await fetcher(target, {
        ...request,
        headers: { ...headers, ...(input.body === undefined ? {} : { 'content-type': type }) },
      });
    const headers = await credentials.headers();
    let response = await send(headers);
    if (response.status === 401 && (await credentials.renew(headers))) {
      await response.body?.cancel();
      response = await send(await credentials.headers());
    }
    if (!response.ok) throw await refusalOf(response);
    return await answerOf(response);
  }
  const calls = Object.entries(OPERATIONS).map(([id, operation]) => [
    id,
    (input: AnyInput = {}, options: CallOptions = {}) => call(operation, input, options),
  ]);
  return Object.fromEntries(calls) as Rest;
}
