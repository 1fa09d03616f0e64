import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { OpenedDatabase } from '../../../db/connection/database.ts';
import { roundedProduct } from '../../../db/trades/trade-totals.ts';
import { decimal, fixed, mul } from '../../../lib/money/money.ts';
import { eachDatabase } from '../../support/databases.ts';

/** Positive amounts of up to 18 places, and those whose products end on a half of the last place. */
const amount = fc
  .oneof(
    fc.bigInt({ min: 1n, max: 10n ** 30n }).map(decimal),
    fc
      .tuple(fc.integer({ min: 1, max: 999_999 }), fc.integer({ min: 1, max: 18 }))
      .map(([digits, places]) => decimal(fixed(String(digits)) / 10n ** BigInt(places))),
    fc.constantFrom('0.5', '0.05', '0.000000000000000001', '0.000000000000000003', '1.5', '0.000000001'),
  )
  .filter((text) => text !== '0');

eachDatabase('a product that SQL rounds', (open) => {
  let opened: OpenedDatabase;
  before(async () => {
    opened = await open();
  });
  after(() => opened.close());

  it('is the one that the ledger has, to the last digit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(amount, amount), { minLength: 1, maxLength: 500 }),
        async (pairs) => {
          const { rows }: { rows: { product: string }[] } = await opened.knex.raw(
            `select (${roundedProduct('p.a', 'p.b')})::text as product
           from unnest(?::numeric[], ?::numeric[]) with ordinality as p(a, b, i) order by p.i`,
            [pairs.map(([a]) => a), pairs.map(([, b]) => b)],
          );
          assert.deepEqual(
            rows.map(({ product }) => decimal(fixed(product))),
            pairs.map(([a, b]) => decimal(mul(fixed(a), fixed(b)))),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is rounded half to even', async () => {
    const { rows }: { rows: { product: string }[] } = await opened.knex.raw(
      `select (${roundedProduct('p.a', 'p.b')})::text as product
       from (values (0.000000000000000001, 0.5), (0.000000000000000003, 0.5)) as p(a, b) order by p.a`,
    );
    const products = rows.map(({ product }) => decimal(fixed(product)));
    assert.deepEqual(products, ['0', '0.000000000000000002']);
  });
});
