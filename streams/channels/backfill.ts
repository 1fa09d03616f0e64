import type { ChannelType } from './channel-type.ts';
import { ofMarket } from './channel-type.ts';
import type { BackfillRecord } from './record.ts';

/** How far the latest backfill of a symbol has got, for whatever portfolio. */
export const backfill: ChannelType<BackfillRecord> = {
  type: 'backfill',
  kind: 'state',
  address: 'backfill:{symbol}',
  parse: ofMarket,
  views({ body }) {
    const channel = `backfill:${body.symbol}`;
    return [
      { kind: 'state', channel, wildcard: 'backfill:*', event: 'backfill', body: JSON.stringify(body) },
    ];
  },
};

/** Whether a channel tells what everybody's portfolios need, which only administrators may know. */
export function isForAdmins({ name }: { name: string }): boolean {
  return name.startsWith('backfill:');
}
