import type { components } from './schema.js';

/** What the server says when it says no. */
export type ProblemBody = components['schemas']['Problem'];

/** A request that the server has refused; `body` is its problem, if it was one. */
export class MarktideError extends Error {
  readonly status: number;
  /** Slug of the problem's type: `not-found`, `trade-conflict`, … */
  readonly type: string;
  readonly body: ProblemBody | null;

  constructor(status: number, body: ProblemBody | null) {
    super(body?.detail ?? body?.title ?? `The server answered ${status}.`);
    this.name = 'MarktideError';
    this.status = status;
    this.type = body?.type.replace('/problems/', '') ?? 'unknown';
    this.body = body;
  }
}

export async function refusalOf(response: Response): Promise<MarktideError> {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
  const body = isProblem ? ((await response.json()) as ProblemBody) : null;
  if (!isProblem) await response.body?.cancel();
  return new MarktideError(response.status, body);
}
