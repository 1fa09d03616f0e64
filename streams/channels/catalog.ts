import { type ChannelCatalog, ChannelError, type View } from '../core/channel.ts';
import { accounts } from './accounts.ts';
import { backfill } from './backfill.ts';
import { candle } from './candle.ts';
import type { ChannelType, MarktideChannel } from './channel-type.ts';
import { fills } from './fills.ts';
import { gapViews } from './gap.ts';
import { holdings } from './holdings.ts';
import { imports } from './imports.ts';
import { ledger } from './ledger.ts';
import { pnl } from './pnl.ts';
import { decodeShown } from './record-codec.ts';
import { ticker } from './ticker.ts';
import { trade } from './trade.ts';

/** Every type of channel. A new one is a file beside this one, a line here, and a line below for its records. */
export const CHANNEL_TYPES = {
  ticker,
  trade,
  candle,
  pnl,
  holdings,
  fills,
  ledger,
  imports,
  backfill,
  accounts,
} as const;

export type ChannelTypeName = keyof typeof CHANNEL_TYPES;

function typeOf(name: string): Pick<ChannelType<unknown>, 'kind' | 'parse'> | undefined {
  return Object.hasOwn(CHANNEL_TYPES, name) ? CHANNEL_TYPES[name as ChannelTypeName] : undefined;
}

/** Parses `ticker:BTC/KRW`, `ticker:*`, `candle:BTC/KRW:1m`, `pnl:<portfolioId>`, … @throws ChannelError */
export function parseChannel(name: string): MarktideChannel {
  const colon = name.indexOf(':');
  const type = name.slice(0, Math.max(colon, 0));
  const found = typeOf(type);
  const place = found?.parse(name.slice(colon + 1)) ?? null;
  if (found === undefined || place === null)
    throw new ChannelError(`${JSON.stringify(name.slice(0, 80))} is not a channel.`);
  return { name, type, kind: found.kind, ...place };
}

/** The order of the views of a record is part of the cursors' format. */
function viewsOf(log: string, data: string): View[] {
  const record = decodeShown(data);
  switch (record.type) {
    case 'tick':
      return [...ticker.views(record, log), ...trade.views(record, log)];
    case 'candle':
      return candle.views(record, log);
    case 'backfill':
      return backfill.views(record, log);
    case 'pnl':
      return pnl.views(record, log);
    case 'holdings':
      return holdings.views(record, log);
    case 'import':
      return imports.views(record, log);
    case 'accounts':
      return accounts.views(record, log);
    case 'gap':
      return gapViews(record);
    case 'interest':
    case 'feed':
      return [];
    default:
      return [...fills.views(record, log), ...ledger.views(record, log)];
  }
}

/** The channels of Marktide, for the hub. */
export const CATALOG: ChannelCatalog<MarktideChannel> = { parse: parseChannel, views: viewsOf };
