import type { LogEvent } from './broker.ts';
import type { ChannelKind } from './channel.ts';
import { unpackCandle } from '../market/candle-record.ts';
import { encodePart } from './cursor.ts';
import type { LedgerRecord, MarketRecord, PortfolioRecord } from '../channels/record.ts';
import { cutTick } from '../channels/tick-codec.ts';

/** A view of one log event on one channel, encoded once however many connections send it. */
export class Frame {
  readonly offset: number;
  readonly kind: ChannelKind;
  /** The channel's exact name, and the wildcard that includes it, if there is one. */
  readonly channel: string;
  readonly wildcard: string | null;
  /** A waiting state frame gives way to a newer one of its slot: that of a final candle is not that of the next one. */
  readonly slot: string;
  /** Part of the state for those who come, and nothing new to those who listen. */
  readonly quiet: boolean;
  /** SSE event name. */
  readonly event: string;
  /** When the event was published, epoch milliseconds. */
  readonly at: number;
  readonly #tag: string;
  readonly #epoch: string;
  #body: object | null = null;
  #data = '';
  #part: string | null = null;
  #memoKey = '';
  #memoText = '';

  constructor(source: { tag: string; epoch: string; offset: number; at: number }, view: View) {
    this.#tag = source.tag;
    this.#epoch = source.epoch;
    this.offset = source.offset;
    this.at = source.at;
    this.kind = view.kind;
    this.channel = view.channel;
    this.wildcard = view.wildcard;
    this.slot = view.slot ?? view.channel;
    this.quiet = view.quiet === true;
    this.event = view.event;
    if (typeof view.body === 'string') this.#data = view.body;
    else this.#body = view.body;
  }

  /** JSON text, made when it is first needed: of the views of an event often only one has readers. */
  get data(): string {
    if (this.#body !== null) {
      this.#data = JSON.stringify(this.#body);
      this.#body = null;
    }
    return this.#data;
  }

  /** The cursor part after the whole event; `views` > 0: after that many of its views, the event not being whole yet. */
  part(views: number): string {
    if (views > 0) return encodePart(this.#tag, this.#epoch, this.offset - 1, views);
    this.#part ??= encodePart(this.#tag, this.#epoch, this.offset);
    return this.#part;
  }

  /** Text that a wire makes of the frame for every connection alike; the last one is remembered. */
  text(key: string, make: (frame: Frame) => string): string {
    if (this.#memoKey !== key) {
      this.#memoKey = key;
      this.#memoText = make(this);
    }
    return this.#memoText;
  }
}

type View = {
  kind: ChannelKind;
  channel: string;
  wildcard: string | null;
  slot?: string;
  quiet?: boolean;
  event: string;
  /** An object, or JSON text. */
  body: object | string;
};

function marketViews(record: MarketRecord): View[] {
  if (record.type === 'candle') {
    const { symbol, candles, unchanged } = record;
    return candles.map((packed) => {
      const candle = unpackCandle(symbol, packed);
      const { interval } = candle;
      const channel = `candle:${symbol}:${interval}`;
      return {
        kind: 'state',
        channel,
        wildcard: `candle:*:${interval}`,
        slot: candle.closed ? `${channel} closed` : channel,
        quiet: unchanged?.includes(interval) === true,
        event: 'candle',
        body: candle,
      };
    });
  }
  const { ticker, trade } = record;
  return tickViews(ticker?.symbol ?? trade?.symbol ?? '', ticker, trade);
}

function tickViews(symbol: string, ticker: object | string | null, trade: object | string | null): View[] {
  const views: View[] = [];
  if (ticker !== null) {
    views.push({
      kind: 'state',
      channel: `ticker:${symbol}`,
      wildcard: 'ticker:*',
      event: 'ticker',
      body: ticker,
    });
  }
  if (trade !== null) {
    views.push({
      kind: 'events',
      channel: `trade:${symbol}`,
      wildcard: 'trade:*',
      event: 'trade',
      body: trade,
    });
  }
  return views;
}

function portfolioViews(portfolioId: string, record: PortfolioRecord): View[] {
  switch (record.type) {
    case 'interest':
      return [];
    case 'fill':
    case 'transfer':
    case 'portfolio':
      return ledgerViews(portfolioId, record);
    case 'import':
      return [stateView('imports', portfolioId, record)];
    default:
      return [stateView(record.type, portfolioId, record)];
  }
}

function stateView(
  channel: string,
  portfolioId: string,
  { type, body }: { type: string; body: object },
): View {
  return { kind: 'state', channel: `${channel}:${portfolioId}`, wildcard: null, event: type, body };
}

/** A trade is on `fills:` as well, which knows trades alone. */
function ledgerViews(portfolioId: string, record: LedgerRecord): View[] {
  const { type, ...data } = record;
  const view = (channel: string, event: string, body: object): View => ({
    kind: 'events',
    channel: `${channel}:${portfolioId}`,
    wildcard: null,
    event,
    // One connection may have the channels of several portfolios.
    body: { portfolioId, ...body },
  });
  // As the program before this one wrote them: of transfers it only told that there was one.
  if (type === 'transfer' && !('transfer' in data)) return [];
  const subject = type === 'fill' ? ('count' in data ? 'import' : 'trade') : type;
  const ledger = view('ledger', 'ledger', { subject, ...data });
  return type === 'fill' ? [view('fills', 'fill', data), ledger] : [ledger];
}

/** How `JSON.stringify` begins a `pnl` record. */
const PNL_HEAD = '{"type":"pnl","body":';

/** The frames of a log event, in the fixed order that a cursor's view count relies on. */
export function framesOf(log: string, tag: string, epoch: string, event: LogEvent): Frame[] {
  const source = { tag, epoch, offset: event.offset, at: event.at };
  if (event.data.startsWith(PNL_HEAD)) {
    // By far the most frequent record of a portfolio: its body is taken as it stands, unparsed.
    const channel = `pnl:${log.slice(log.indexOf(':') + 1)}`;
    const body = event.data.slice(PNL_HEAD.length, -1);
    return [new Frame(source, { kind: 'state', channel, wildcard: null, event: 'pnl', body })];
  }
  return viewsOf(log, event.data).map((view) => new Frame(source, view));
}

function viewsOf(log: string, data: string): View[] {
  const tick = cutTick(data);
  if (tick !== null) return tickViews(tick.symbol, tick.ticker, tick.trade);
  const record = JSON.parse(data) as MarketRecord | PortfolioRecord;
  return record.type === 'tick' || record.type === 'candle'
    ? marketViews(record)
    : portfolioViews(log.slice(log.indexOf(':') + 1), record);
}
