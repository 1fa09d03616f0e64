const TIMEOUT_MS = 15_000;
const CSRF_COOKIE = 'marktide_csrf';
/** Of the 4xx what time or the session mends: no credential, a timeout, too early, too many requests. */
const PASSING = new Set([401, 408, 425, 429]);

/** An answer that is not a success. `slug` is the problem's type (RFC 9457); status 0: there was no answer. */
export class RequestError extends Error {
  constructor({ status, slug = '', detail, errors = [], retryAfterMs = 0, cause }) {
    super(detail, { cause });
    this.name = 'RequestError';
    this.status = status;
    this.slug = slug;
    /** What is wrong with which field: `{pointer | parameter, detail}`. */
    this.errors = errors;
    this.retryAfterMs = retryAfterMs;
  }

  /** The same request would be refused again, however often it is repeated. */
  get isFinal() {
    return this.status >= 400 && this.status < 500 && !PASSING.has(this.status);
  }
}

/**
 * What a request must repeat to be let change anything: it shows that the page may read our cookies. `''`: there is no
 * session. The tokens themselves are in cookies that no script can read.
 */
export function csrfToken() {
  const pair = document.cookie.split('; ').find((part) => part.startsWith(`${CSRF_COOKIE}=`));
  return pair === undefined ? '' : decodeURIComponent(pair.slice(CSRF_COOKIE.length + 1));
}

export function forgetCsrfToken() {
  document.cookie = `${CSRF_COOKIE}=; Max-Age=0; Path=/; SameSite=Strict`;
}

/** What goes along with a request by method. */
export function headersOf(method, headers = {}) {
  return method === 'GET' ? headers : { ...headers, 'x-csrf-token': csrfToken() };
}

/** One JSON request. @returns the body, `null` when there is none @throws RequestError, AbortError of `signal` */
export async function request(method, path, { body, signal } = {}) {
  const headers = headersOf(method, { accept: 'application/json' });
  if (body !== undefined) headers['content-type'] = 'application/json';
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      // Ask each time, but let an ETag save the body.
      cache: 'no-cache',
      credentials: 'same-origin',
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    const answer = await readJson(response);
    if (response.ok) return answer;
    throw refusal(response, answer);
  } catch (error) {
    if (error instanceof RequestError) throw error;
    if (signal?.aborted) throw error;
    throw new RequestError({ status: 0, detail: 'no answer', cause: error });
  }
}

/** Why a stream is refused, which an `EventSource` cannot see; `null`: it is not. @returns a RequestError */
export async function refusalOfStream(path) {
  const life = new AbortController();
  try {
    const response = await fetch(path, {
      headers: { accept: 'text/event-stream, application/problem+json' },
      cache: 'no-store',
      credentials: 'same-origin',
      signal: AbortSignal.any([life.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    return response.ok ? null : refusal(response, await readJson(response));
  } catch (error) {
    return new RequestError({ status: 0, detail: 'no answer', cause: error });
  } finally {
    life.abort();
  }
}

async function readJson(response) {
  const text = await response.text();
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's HTML page, say: a success must not look like data.
    if (!response.ok) return null;
    throw new RequestError({ status: response.status, detail: 'the answer is not JSON' });
  }
}

/** The error of an answer that is no success, from its problem body (`null` when it has none). */
export function refusal(response, problem) {
  const seconds = Number(response.headers.get('retry-after') ?? 0);
  return new RequestError({
    status: response.status,
    slug: typeof problem?.type === 'string' ? problem.type.split('/').at(-1) : '',
    detail: problem?.detail ?? problem?.title ?? `HTTP ${response.status}`,
    errors: Array.isArray(problem?.errors) ? problem.errors : [],
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : 0,
  });
}
