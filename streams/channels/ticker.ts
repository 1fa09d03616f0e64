import type { ChannelType } from './channel-type.ts';
import { ofMarket } from './channel-type.ts';
import type { TickText } from './record-codec.ts';

/** Last price and 24-hour figures of a symbol. */
export const ticker: ChannelType<TickText> = {
  type: 'ticker',
  kind: 'state',
  address: 'ticker:{symbol}',
  parse: ofMarket,
  views({ symbol, ticker: body }) {
    if (body === null) return [];
    return [{ kind: 'state', channel: `ticker:${symbol}`, wildcard: 'ticker:*', event: 'ticker', body }];
  },
};
