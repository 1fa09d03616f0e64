import { z } from 'zod';
import { GENESIS } from '../../lib/epoch.ts';
import { problem } from '../../lib/problem.ts';
import { MAX_AHEAD_MS, TRUSTED_AHEAD_MS } from '../../streams/market/market-tick.ts';
import { acceptedSchema } from './accepted.ts';
import { itemOrBatch } from '../http/batch.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';

const tickInput = z
  .strictObject({
    symbol: field.symbol.describe('Base and quote asset.'),
    price: field.positiveText.describe('Quote asset per unit of the base asset; a decimal string.'),
    quantity: field.positiveText
      .optional()
      .describe('How much was traded, in units of the base asset; if omitted, the tick is a price only.'),
    side: z.enum(['buy', 'sell']).optional().describe('Side of the taker; not known if omitted.'),
    time: field.instant
      .refine((time) => time >= GENESIS, 'is before 2009')
      .optional()
      .describe(`When it happened; now if omitted. ${field.INSTANT_FORM}`),
  })
  .meta({ id: 'TickInput', description: 'A public trade, or a price.' });

const AHEAD = `is more than ${TRUSTED_AHEAD_MS / 1_000} seconds in the future`;

/** The last one is the newest, even if the clock of this machine was set back a little and would make it late. */
function notBefore(last: string | undefined, now: number): number {
  const newest = last === undefined ? now : Date.parse(last);
  return newest > now && newest <= now + MAX_AHEAD_MS ? newest : now;
}

export const pushTicks = endpoint({
  method: 'post',
  path: '/v1/market/ticks',
  id: 'pushTicks',
  tag: 'market',
  summary: 'Push public market events, one or a batch',
  description: `A tick with a quantity is a public trade; one without is only a price. A tick older than the newest of its symbol does not move the price, only the figures of the last 24 hours. A time more than ${TRUSTED_AHEAD_MS / 1_000} seconds ahead of the server's clock is refused, because every tick until then would count as late.`,
  access: 'market:write',
  ...itemOrBatch(tickInput, 'TickInput'),
  status: 200,
  response: acceptedSchema,
  examples: { request: { symbol: 'BTC/KRW', price: '89886000', quantity: '0.01', side: 'buy' } },
  problems: ['invalid-request', 'conflict', 'unavailable'],
  async handler({ body }, { market, marketWriter, clock }) {
    const items = 'items' in body ? body.items : [body];
    const now = clock.now();
    const errors = items.flatMap((item, index) =>
      item.time !== undefined && item.time > now + TRUSTED_AHEAD_MS
        ? [{ pointer: 'items' in body ? `/items/${index}/time` : '/time', detail: AHEAD }]
        : [],
    );
    if (errors.length > 0) throw problem('invalid-request', { errors: errors.slice(0, 20) });
    await marketWriter.intake.push(
      items.map(({ symbol, price, quantity, side, time }) => ({
        symbol,
        price,
        quantity: quantity ?? null,
        side: side ?? null,
        time: time ?? notBefore(market.ticker(symbol)?.time, now),
        tradeId: null,
        exchange: null,
        simulated: false,
      })),
    );
    return { accepted: items.length };
  },
});
