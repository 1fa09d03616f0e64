import type { components } from './schema.js';

/** The server's explanation of a refusal. */
export type ProblemBody = components['schemas']['Problem'];

/** A request that the server refused; `body` is the problem, if it sent one. */
export class MarktideError extends Error {
  readonly status: number;
  /** Slug of the problem's type: `not-found`, `trade-conflict`, … */
  readonly type: string;
  readonly body: ProblemBody | null;
  /** How long the server asks to wait before the next attempt, in milliseconds. */
  readonly retryAfterMs: number | null;

  constructor(
    status: number,
    body: ProblemBody | null,
    { message, retryAfterMs = null }: { message?: string | undefined; retryAfterMs?: number | null } = {},
  ) {
    super(message ?? body?.detail ?? body?.title ?? `The server answered ${status}.`);
    this.name = 'MarktideError';
    this.status = status;
    this.type = body?.type.replace('/problems/', '') ?? 'unknown';
    this.body = body;
    this.retryAfterMs = retryAfterMs;
  }
}

export async function refusalOf(response: Response): Promise<MarktideError> {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
  const body = isProblem ? ((await response.json()) as ProblemBody) : null;
  if (!isProblem) await response.body?.cancel();
  const { status, statusText } = response;
  return new MarktideError(status, body, {
    retryAfterMs: retryAfterOf(response),
    // A response of a proxy: the status line is all there is.
    ...(isProblem ? {} : { message: `The server answered ${status} ${statusText}`.trimEnd() + '.' }),
  });
}

/** Seconds, or a time. */
function retryAfterOf(response: Response): number | null {
  const value = response.headers.get('retry-after');
  if (value === null) return null;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
