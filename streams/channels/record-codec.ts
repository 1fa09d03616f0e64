import type { LedgerRecord, MarketRecord, PortfolioRecord } from './record.ts';

/**
 * The text of the records in the logs: this file alone knows it. Ticks and PnL are by far the most frequent records;
 * their bodies are cut out of the text as they are, instead of being parsed and serialised again.
 */

/** A tick as its text holds it: the symbol, and the bodies as JSON; `null` for a body that the tick does not have. */
export interface TickText {
  type: 'tick';
  symbol: string;
  ticker: string | null;
  trade: string | null;
}

/** A record to be shown on channels. */
export type ShownRecord =
  | TickText
  | Exclude<MarketRecord, { type: 'tick' }>
  | { type: 'pnl'; body: string }
  | Exclude<PortfolioRecord, { type: 'pnl' }>;

const TICK = '{"type":"tick",';
const BY = '"by":[';
const TICKER = '"ticker":';
const TRADE = ',"trade":';
/** Members that may follow the trade and are in no view. */
const REST = [',"loaded":', ',"late":', ',"judged":'];
const SYMBOL = '{"symbol":"';
const PNL = '{"type":"pnl","body":';
const LEDGER_HEADS = (
  ['fill', 'transfer', 'entry', 'valuation', 'portfolio'] satisfies LedgerRecord['type'][]
).map((type) => `{"type":"${type}"`);

/**
 * The text of a record. `type` comes first in every record, and the members of a tick in the order that `decodeShown`
 * counts on.
 */
export function encodeRecord(record: MarketRecord | PortfolioRecord): string {
  if (record.type !== 'tick') return JSON.stringify(record);
  const { type, by, ticker, trade, ...rest } = record;
  // Before the ticker: a node of an earlier version takes everything after the trade for part of it.
  return JSON.stringify({ type, by, ticker, trade, ...rest });
}

/** A record of the market log, whole. @param data made by `encodeRecord` */
export function decodeMarketRecord(data: string): MarketRecord {
  return JSON.parse(data) as MarketRecord;
}

/** A record as channels show it. @param data made by `encodeRecord` */
export function decodeShown(data: string): ShownRecord {
  if (data.startsWith(PNL)) return { type: 'pnl', body: data.slice(PNL.length, -1) };
  const cut = cutTick(data);
  if (cut !== null) return cut;
  const record = JSON.parse(data) as MarketRecord | PortfolioRecord;
  if (record.type === 'pnl') return { type: 'pnl', body: JSON.stringify(record.body) };
  if (record.type !== 'tick') return record;
  const { ticker, trade } = record;
  return {
    type: 'tick',
    symbol: ticker?.symbol ?? trade?.symbol ?? '',
    ticker: ticker && JSON.stringify(ticker),
    trade: trade && JSON.stringify(trade),
  };
}

/** Whether a record of a portfolio's log is a change of its ledger or settings, found without parsing it. */
export function isLedgerRecord(data: string): boolean {
  return LEDGER_HEADS.some((head) => data.startsWith(head));
}

/** The version that a ledger record is about; `null` for any other record. */
export function ledgerVersionOf(data: string): number | null {
  return isLedgerRecord(data) ? (JSON.parse(data) as LedgerRecord).version : null;
}

/** What a node publishes to ask the node that holds the portfolio's lease for its holdings. */
export const HOLDINGS_REQUEST = encodeRecord({ type: 'interest', in: 'holdings' });

/**
 * Within a JSON string every quotation mark is escaped, so the seams are unambiguous.
 * @returns `null` for another text, which has to be parsed
 */
function cutTick(data: string): TickText | null {
  if (!data.startsWith(TICK)) return null;
  const head = data.startsWith(BY, TICK.length) ? data.indexOf(TICKER, TICK.length) : TICK.length;
  if (head < 0 || !data.startsWith(TICKER, head)) return null;
  const start = head + TICKER.length;
  const seam = data.indexOf(TRADE, start);
  if (seam < 0) return null;
  const ends = REST.map((name) => data.indexOf(name, seam)).filter((at) => at >= 0);
  const ticker = bodyOf(data.slice(start, seam));
  const trade = bodyOf(data.slice(seam + TRADE.length, ends.length === 0 ? -1 : Math.min(...ends)));
  const body = trade ?? ticker;
  if (body === null) return { type: 'tick', symbol: '', ticker, trade };
  const end = body.indexOf('"', SYMBOL.length);
  const symbol = body.slice(SYMBOL.length, end);
  // A symbol contains nothing that JSON would escape: what does is not ours.
  return body.startsWith(SYMBOL) && !symbol.includes('\\') ? { type: 'tick', symbol, ticker, trade } : null;
}

function bodyOf(text: string): string | null {
  return text === 'null' ? null : text;
}
