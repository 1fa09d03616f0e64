import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { decimal } from '../../lib/money/money.ts';
import type { AccountAdapter } from '../../streams/accounts/exchanges/adapter.ts';
import { AccountReader, shown } from './account-reader.ts';
import { runs } from './runs.ts';
import type { UpbitAccounts } from './upbit-accounts.ts';

const DAY = 86_400_000;

const event = fc.record({
  what: fc.constantFrom(
    'deposit',
    'withdraw',
    'trade',
    'trade',
    'open',
    'fill',
    'fill',
    'close',
    'pending',
    'settle',
    'look',
    'interrupted-look',
  ),
  hours: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 400 })),
  pick: fc.nat(),
  volume: fc.integer({ min: 10 ** 6, max: 10 ** 9 }),
  price: fc.integer({ min: 10 ** 4, max: 10 ** 9 }),
});

/**
 * The random life of an account whose fills are in its orders: what is read comes to the balances of the exchange after
 * every look, also where lists are cut at a few rows, and where another node goes on.
 * @param start an empty server that gives so many rows at most
 * @param open an adapter that knows it
 */
export async function orderLife(
  since: number,
  start: (rows: number) => Promise<UpbitAccounts>,
  open: (rows: number) => Promise<AccountAdapter>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 60, size: 'max' }),
      fc.integer({ min: 2, max: 5 }),
      async (events, rows) => {
        const server = await start(rows);
        const reader = new AccountReader(await open(rows));
        let now = since + DAY;
        /** Reads to the end: what an interrupted look has left, and then what is new. */
        const look = async (): Promise<void> => {
          if (isInterrupted) await reader.read(now + 1_000);
          isInterrupted = false;
          await reader.read(now + 1_000);
          assert.deepEqual(reader.sums, shown(server.balances));
        };
        let isInterrupted = false;
        for (const { what, hours, pick, volume, price } of events) {
          now += hours * 3_600_000;
          const amounts = {
            volume: decimal(BigInt(volume) * 10n ** 10n),
            price: decimal(BigInt(price) * 10n ** 14n),
            at: now,
          };
          const market = ['KRW-BTC', 'KRW-XRP', 'BTC-XRP'][pick % 3] ?? '';
          const side = pick % 2 === 0 ? 'bid' : 'ask';
          const waiting = [...server.orders.values()].filter(({ state }) => state === 'wait');
          const under = server.movements.filter(({ state }) => state === 'PROCESSING');
          const order = waiting[pick % Math.max(waiting.length, 1)];
          const movement = under[pick % Math.max(under.length, 1)];
          if (what === 'trade') server.trade(market, side, amounts);
          else if (what === 'open') server.order(market, side, now);
          else if (what === 'fill' && order !== undefined) server.fill(order, amounts);
          else if (what === 'close' && order !== undefined)
            server.close(order, pick % 3 === 0 ? 'cancel' : 'done');
          else if (what === 'deposit' || what === 'withdraw')
            server.move(what, 'XRP', { amount: amounts.volume, fee: '0.4', at: now });
          else if (what === 'pending') {
            const type = side === 'bid' ? 'deposit' : 'withdraw';
            server.move(type, 'KRW', { amount: '5', at: now, state: 'PROCESSING' });
          } else if (what === 'settle' && movement !== undefined) server.settle(movement, now);
          else if (what === 'interrupted-look') {
            await reader.read(now + 1_000, 1);
            isInterrupted = true;
            reader.moveTo(await open(rows));
          } else if (what === 'look') await look();
          now += 2_000;
        }
        await look();
      },
    ),
    { numRuns: runs(5) },
  );
}
