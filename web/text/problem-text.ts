import { MarktideError, type ProblemBody } from 'marktide/client';
import { language } from '../page/locale.ts';
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
  'rate-limited': 'problem.rate-limited',
  'headers-too-large': 'problem.headers-too-large',
  'internal-error': 'problem.internal-error',
  unavailable: 'problem.unavailable',
};

function isSlug(type: string): type is Slug {
  return Object.hasOwn(KEYS, type);
}

/** The fields of forms, by the names that the API has for them. */
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

/**
 * Why a request failed. The server's own sentence says most, but it is English: in other languages it is the text of the
 * kind of problem, with the fields concerned.
 */
export function problemText(error: unknown): string {
  if (!(error instanceof MarktideError)) return text('unreachableNow');
  const { type, status, body } = error;
  if (type === 'rate-limited') return text('tooManyRequests');
  if (language === 'en' && body !== null) return error.message;
  if (!isSlug(type)) return text('problem.other', { status: String(status) });
  const problem = text(KEYS[type]);
  const fields = [
    ...new Set((body?.errors ?? []).flatMap(({ pointer }) => (pointer ? [fieldOf(pointer)] : []))),
  ];
  return fields.length === 0 ? problem : text('problemFields', { problem, fields: fields.join(', ') });
}

/** The same while it is being tried again by itself. */
export function waitingText(error: unknown): string {
  return error instanceof MarktideError ? problemText(error) : text('unreachable');
}

/** Why what is shown is not current; `''` without an error. */
export function staleText(error: unknown): string {
  return error === null ? '' : text('notCurrent', { why: problemText(error) });
}
