import type { ChannelType } from './channel-type.ts';
import { ofMarket } from './channel-type.ts';
import type { TickText } from './record-codec.ts';

/** The public trades of a symbol. */
export const trade: ChannelType<TickText> = {
  type: 'trade',
  kind: 'events',
  address: 'trade:{symbol}',
  parse: ofMarket,
  views({ symbol, trade: body }) {
    if (body === null) return [];
    return [{ kind: 'events', channel: `trade:${symbol}`, wildcard: 'trade:*', event: 'trade', body }];
  },
};
