import { sentenceAbout } from './sentence.ts';

/** Problem types of the API (RFC 9457): the slug ends the `type` URI, so it is part of the contract. */
export const PROBLEMS = {
  'malformed-json': [400, 'The request body is not valid JSON.'],
  'malformed-csv': [400, 'The request body cannot be read as CSV.'],
  'invalid-request': [400, 'The request is not valid.'],
  'invalid-cursor': [400, 'The cursor is not valid.'],
  unauthorized: [401, 'Authentication is required.'],
  'token-expired': [401, 'The access token has expired.'],
  'invalid-credentials': [401, 'The e-mail address or the password is wrong.'],
  forbidden: [403, 'The credential does not allow this.'],
  'not-found': [404, 'There is no such resource.'],
  'method-not-allowed': [405, 'The resource does not support this method.'],
  'not-acceptable': [406, 'None of the accepted media types can be served.'],
  'request-timeout': [408, 'The request took too long to arrive.'],
  conflict: [409, 'The request conflicts with the current state.'],
  'quota-exceeded': [409, 'A quota is used up.'],
  'trade-conflict': [409, 'The external id is already booked with other content.'],
  'payload-too-large': [413, 'The request body is too large.'],
  'uri-too-long': [414, 'The URL is too long.'],
  'unsupported-media-type': [415, 'The media type of the request body is not supported.'],
  'misdirected-request': [421, 'The request is for another host.'],
  'upgrade-required': [426, 'The resource takes WebSocket connections only.'],
  'unprocessable-entry': [422, 'The ledger cannot take this entry.'],
  'key-refused': [422, 'The API key of the exchange cannot be used.'],
  'rate-limited': [429, 'There are too many requests.'],
  'headers-too-large': [431, 'The URL and headers of the request are too large.'],
  'internal-error': [500, 'The server failed.'],
  unavailable: [503, 'The service cannot answer at the moment.'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemSlug = keyof typeof PROBLEMS;

/**
 * One wrong field: a JSON pointer into the body, the name of a query, path or header parameter, or a line of a CSV body
 * (from 1) and the heading of its column. `detail` may be a predicate, `must not be negative`: the problem makes a
 * sentence about the field of it.
 */
export interface FieldError {
  pointer?: string;
  parameter?: string;
  line?: number;
  column?: string;
  /** With the parameters, all that a text in another language needs. */
  code?: string;
  params?: Readonly<Record<string, string>>;
  detail: string;
}

export interface ProblemMembers {
  /** What its kind means, if it is told in another language than English. */
  title?: string;
  detail?: string;
  /** What a text in another language makes of `detail`, where that says more than the first error. */
  summary?: { code: string; params: Readonly<Record<string, string>> };
  errors?: FieldError[];
  /** Response headers that go with it, such as `Retry-After`. */
  headers?: Record<string, string>;
  cause?: unknown;
}

function quoted({ pointer, parameter, column }: FieldError): string | null {
  const name = column ?? parameter ?? pointer?.slice(1) ?? '';
  return name === '' ? null : `\`${name}\``;
}

function inSentence(error: FieldError): FieldError {
  const subject = quoted(error) ?? (error.line === undefined ? 'The body' : 'The row');
  return { ...error, detail: sentenceAbout(subject, error.detail) };
}

/** The first field with what is wrong with it, and the names of the others. */
function detailOf([first, ...others]: readonly FieldError[]): string | undefined {
  if (first === undefined) return undefined;
  const names = [...new Set(others.map(quoted))].filter((name) => name !== null && name !== quoted(first));
  if (names.length === 0) return first.detail;
  return `${first.detail} ${names.length === 1 ? 'This is' : 'These are'} not valid either: ${names.join(', ')}.`;
}

/** An error that is meant for the caller. Anything else that is thrown becomes a 500 without internals. */
export class Problem extends Error {
  readonly slug: ProblemSlug;
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  readonly errors: FieldError[] | undefined;
  readonly summary: ProblemMembers['summary'];
  readonly headers: Record<string, string>;

  constructor(slug: ProblemSlug, members: ProblemMembers = {}) {
    const [status, title] = PROBLEMS[slug];
    const errors = members.errors?.map(inSentence);
    const detail = members.detail ?? detailOf(errors ?? []);
    super(detail ?? title, { cause: members.cause });
    this.name = 'Problem';
    this.slug = slug;
    this.status = status;
    this.title = members.title ?? title;
    this.detail = detail;
    this.errors = errors;
    this.summary = members.summary;
    this.headers = members.headers ?? {};
  }

  /** The `application/problem+json` body. */
  toBody(requestId: string): Record<string, unknown> {
    return {
      type: `/problems/${this.slug}`,
      title: this.title,
      status: this.status,
      ...(this.detail === undefined ? {} : { detail: this.detail }),
      ...(this.errors === undefined ? {} : { errors: this.errors }),
      requestId,
    };
  }
}

/** `throw problem('not-found')`. */
export function problem(slug: ProblemSlug, members?: ProblemMembers): Problem {
  return new Problem(slug, members);
}
