import { createHash } from 'node:crypto';
import { SYMBOL_PATTERN } from '../../lib/symbol.ts';
import { MARKET_LOG, portfolioLog } from './broker.ts';

/** State channels send whole states and conflate; events channels deliver each event exactly once. */
export type ChannelKind = 'state' | 'events';

/** What a client subscribes to: a view on one log. */
export interface Channel {
  /** As the client wrote it: `ticker:BTC/KRW`. */
  name: string;
  type: ChannelType;
  kind: ChannelKind;
  log: string;
  /** Set on private channels. */
  portfolioId: string | null;
}

export const CHANNEL_KINDS = {
  ticker: 'state',
  trade: 'events',
  candle: 'state',
  pnl: 'state',
  holdings: 'state',
  fills: 'events',
  ledger: 'events',
  imports: 'state',
} as const satisfies Record<string, ChannelKind>;

export type ChannelType = keyof typeof CHANNEL_KINDS;

/** The channels of one connection at most, and so the bound of what it costs to route to it. */
export const MAX_CHANNELS = 500;
/** The logs of one connection at most: the cursor must fit 128 characters. */
export const MAX_LOGS = 8;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const CANDLE_INTERVAL = /^(1m|5m|15m|30m|1h|4h|1d|1w|1M)$/;

export class ChannelError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ChannelError';
  }
}

function isSymbolOrAll(subject: string): boolean {
  return subject === '*' || SYMBOL_PATTERN.test(subject);
}

/** Parses `ticker:BTC/KRW`, `ticker:*`, `candle:BTC/KRW:1m`, `pnl:<portfolioId>`, … @throws ChannelError */
export function parseChannel(name: string): Channel {
  const colon = name.indexOf(':');
  const type = name.slice(0, Math.max(colon, 0));
  const subject = name.slice(colon + 1);
  const market = (kind: ChannelKind): Channel => ({
    name,
    type: type as ChannelType,
    kind,
    log: MARKET_LOG,
    portfolioId: null,
  });
  switch (type) {
    case 'ticker':
    case 'trade':
      if (isSymbolOrAll(subject)) return market(CHANNEL_KINDS[type]);
      break;
    case 'candle': {
      const [symbol = '', interval = '', ...rest] = subject.split(':');
      if (rest.length === 0 && isSymbolOrAll(symbol) && CANDLE_INTERVAL.test(interval))
        return market('state');
      break;
    }
    case 'pnl':
    case 'holdings':
    case 'fills':
    case 'ledger':
    case 'imports':
      if (UUID.test(subject)) {
        return { name, type, kind: CHANNEL_KINDS[type], log: portfolioLog(subject), portfolioId: subject };
      }
      break;
    default:
      break;
  }
  throw new ChannelError(`${JSON.stringify(name.slice(0, 80))} is not a channel`);
}

/** Parses a comma-separated list, without repeats. @throws ChannelError also when there are too many */
export function parseChannels(list: string): Channel[] {
  return parseChannelNames([...new Set(list.split(',').filter((name) => name !== ''))]);
}

/** @throws ChannelError also when there are none or too many */
export function parseChannelNames(names: readonly string[]): Channel[] {
  if (names.length === 0) throw new ChannelError('at least one channel is needed');
  if (names.length > MAX_CHANNELS)
    throw new ChannelError(`at most ${MAX_CHANNELS} channels on one connection`);
  const channels = names.map(parseChannel);
  if (new Set(channels.map((channel) => channel.log)).size > MAX_LOGS) {
    throw new ChannelError(`at most ${MAX_LOGS} logs (the market and portfolios) on one connection`);
  }
  return channels;
}

/** Four characters that change with the set of channels: tells a resume with other channels from a plain one. */
export function channelSetTag(channels: readonly Channel[]): string {
  const names = channels.map((channel) => channel.name).sort();
  return createHash('sha256').update(names.join(',')).digest('base64url').slice(0, 4);
}
