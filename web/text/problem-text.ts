import { MarktideError, type ProblemBody } from 'marktide/client';
import { language, locale } from '../page/locale.ts';
import { failureText } from './failure-text.ts';
import { text } from './text.ts';
import type { TextKey } from './text-key.ts';

type Slug = ProblemBody['type'] extends `/problems/${infer S}` ? S : never;

const KEYS: { [S in Slug]: `problem.${S}` } = {
  'malformed-json': 'problem.malformed-json',
  'malformed-csv': 'problem.malformed-csv',
  'invalid-request': 'problem.invalid-request',
  'invalid-cursor': 'problem.invalid-cursor',
  unauthorized: 'problem.unauthorized',
  'token-expired': 'problem.token-expired',
  'invalid-credentials': 'problem.invalid-credentials',
  forbidden: 'problem.forbidden',
  'not-found': 'problem.not-found',
  'method-not-allowed': 'problem.method-not-allowed',
  'not-acceptable': 'problem.not-acceptable',
  'request-timeout': 'problem.request-timeout',
  conflict: 'problem.conflict',
  'quota-exceeded': 'problem.quota-exceeded',
  'trade-conflict': 'problem.trade-conflict',
  'payload-too-large': 'problem.payload-too-large',
  'uri-too-long': 'problem.uri-too-long',
  'unsupported-media-type': 'problem.unsupported-media-type',
  'misdirected-request': 'problem.misdirected-request',
  'upgrade-required': 'problem.upgrade-required',
  'unprocessable-entry': 'problem.unprocessable-entry',
  'key-refused': 'problem.key-refused',
  'rate-limited': 'problem.rate-limited',
  'headers-too-large': 'problem.headers-too-large',
  'internal-error': 'problem.internal-error',
  unavailable: 'problem.unavailable',
};

function isSlug(type: string): type is Slug {
  return Object.hasOwn(KEYS, type);
}

/** The fields of forms, by their names in the API. */
const FIELDS = {
  name: 'portfolioName',
  baseCurrency: 'baseCurrency',
  timeZone: 'timeZone',
  costMethod: 'costMethod',
  cashMode: 'cashMode',
  benchmark: 'benchmark',
  symbol: 'symbol',
  quantity: 'quantity',
  price: 'tradePrice',
  fee: 'fee',
  time: 'time',
  exchange: 'exchange',
  note: 'tradeNote',
} satisfies Record<string, TextKey>;

function fieldOf(pointer: string): string {
  const [name = ''] = pointer.split('/').slice(1);
  const found = Object.entries(FIELDS).find(([field]) => field === name);
  return found === undefined ? name : text(found[1]);
}

/** A duration in words: seconds below two minutes, otherwise minutes. */
function lengthOf(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1_000));
  const [figure, unit] = seconds < 120 ? [seconds, 'second'] : [Math.ceil(seconds / 60), 'minute'];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(figure);
}

/**
 * Why a request failed. The server's sentence is the most specific, but in English; in other languages, a
 * text stands for the problem type, with the fields concerned.
 */
export function problemText(error: unknown): string {
  if (!(error instanceof MarktideError)) return text('unreachableNow');
  const { type, status, body } = error;
  if (type === 'rate-limited') {
    const { retryAfterMs } = error;
    return retryAfterMs === null
      ? text('tooManyRequests')
      : text('tooManyRequestsFor', { time: lengthOf(retryAfterMs) });
  }
  if (body?.errors?.[0]?.code === 'possible-duplicate') return text('possibleDuplicate');
  const failure = failureText(body?.errors?.[0]?.code);
  if (failure !== '') return failure;
  if (language === 'en' && body !== null) return error.message;
  if (!isSlug(type)) return text('problem.other', { status: String(status) });
  const problem = text(KEYS[type]);
  const fields = [
    ...new Set((body?.errors ?? []).flatMap(({ pointer }) => (pointer ? [fieldOf(pointer)] : []))),
  ];
  return fields.length === 0 ? problem : text('problemFields', { problem, fields: fields.join(', ') });
}

/** Why a request failed that is being retried automatically. */
export function waitingText(error: unknown): string {
  return error instanceof MarktideError ? problemText(error) : text('unreachable');
}

/** Why the figures are not current; `''` without an error. */
export function staleText(error: unknown): string {
  return error === null ? '' : text('notCurrent', { why: problemText(error) });
}
