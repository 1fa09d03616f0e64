import type { GapBody } from '../../lib/schemas/gap-schema.ts';
import type { View } from '../core/channel.ts';
import type { GapRecord } from './record.ts';

/** A gap shows on the channels of its symbol's trades and ticker, once on each, and in its place among the trades. */
export function gapViews({ symbol, from, to, feed }: GapRecord): View[] {
  const times = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  return ['ticker', 'trade'].map((type): View => {
    const channel = `${type}:${symbol}`;
    const body: GapBody = { channel, symbol, ...times, feed };
    return { kind: 'events', channel, wildcard: `${type}:*`, event: 'gap', body };
  });
}
