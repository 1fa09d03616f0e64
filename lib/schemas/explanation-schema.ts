import { z } from 'zod';
import { TOKEN_CHANGES } from '../pnl/ledger/entry.ts';
import * as field from './fields.ts';
import * as figure from './figure-fields.ts';
import { openLot } from './lot-schema.ts';

/** The most lots listed under the disposals of one answer: a single sale may have used up very many. */
export const MATCHES = 10_000;

const entryId = field.id.describe('Id of the entry.');
const time = field.timestamp.describe('When it happened.');
const fee = field.decimalOrNull.describe('Its fee in base currency; `null` if a rate is missing.');

const acquisition = z
  .object({
    entryId,
    time,
    reason: z
      .enum([
        'buy',
        'proceeds',
        'deposit',
        'income',
        'rebate',
        'convert',
        'adjustment',
        'transfer',
        ...TOKEN_CHANGES,
      ])
      .describe(
        'Why it came in. `proceeds`: it was the payment for another coin. `rebate`: a negative fee. `transfer`: it came from another portfolio, at its cost there.',
      ),
    quantity: field.decimal.describe('How much came in, in units of the asset.'),
    cost: field.decimalOrNull.describe(
      'What it cost in base currency, fees included; `null` if a rate is missing.',
    ),
    grossCost: field.decimalOrNull.describe('The same without fees.'),
    fee,
  })
  .meta({ id: 'Acquisition', description: 'How some of the asset came in.' });

const match = z
  .object({
    entryId: field.id.describe('Id of the purchase.'),
    time: field.timestamp.describe('When it was bought.'),
    quantity: field.decimal.describe('How much of that purchase was disposed of, in units of the asset.'),
    costBasis: field.decimalOrNull.describe(
      'What that part cost in base currency, fees included; `null` if a rate is missing.',
    ),
  })
  .meta({ id: 'MatchedLot', description: 'The part of a lot that a disposal took.' });

const disposal = z
  .object({
    entryId,
    time,
    reason: z
      .enum([
        'sale',
        'payment',
        'withdrawal',
        'fee',
        'convert',
        'adjustment',
        'transfer',
        ...TOKEN_CHANGES,
        'rebate',
        'write-off',
      ])
      .describe(
        'Why it went out. `payment`: it paid for another coin. `write-off`: a purchase whose quantity rounds to nothing. `rebate`: nothing went out, a fee was refunded. `transfer`: it went to another portfolio with its lots, so nothing is realised. `rename`, `redenomination`, `fork`: it became another asset, or gave a share of its cost to one.',
      ),
    quantity: field.decimal.describe('How much went out, in units of the asset.'),
    uncovered: field.decimal.describe('How much of it was not held; usually `0`.'),
    proceeds: z
      .object({
        gross: field.decimalOrNull.describe('Before fees; `null` if a rate is missing.'),
        net: field.decimalOrNull.describe('After fees; `null` if a rate is missing.'),
      })
      .describe('What it brought in, in base currency.'),
    fee,
    costBasis: field.decimalOrNull.describe(
      'What it had cost in base currency, fees included; `null` if a rate is missing.',
    ),
    realizedPnl: figure.realized,
    matches: z
      .array(match)
      .max(MATCHES)
      .describe(
        `The lots that it came from, in the order in which they were taken; empty under \`average\`. All disposals together list at most ${MATCHES.toLocaleString('en')}, those of the newest first.`,
      ),
    unlisted: z
      .object({
        count: z.int().min(0).describe('How many lots.'),
        quantity: field.decimal.describe('How much was disposed of from them, in units of the asset.'),
        costBasis: field.decimalOrNull.describe(
          'What that cost in base currency, fees included; `null` if a rate is missing.',
        ),
      })
      .describe('Further lots that it came from, which `matches` has no room for.'),
  })
  .meta({ id: 'Disposal', description: 'How some of the asset went out, and what it realised.' });

const mark = z
  .object({
    price: field.decimal.describe('Base currency per unit.'),
    time: z
      .union([field.timestamp, z.null()])
      .describe('When the oldest price in it was made; `null` if no price was needed.'),
    path: z.array(field.symbol).describe('The symbols that it came through, in order.'),
    stale: z
      .boolean()
      .describe("Whether it is the portfolio's own last fill, because there is no market price."),
  })
  .meta({ id: 'Mark', description: 'The price that an asset is valued at.' });

const count = z.int().min(0);

const lotSums = z.object({
  count: count.describe('How many lots.'),
  quantity: field.decimal.describe('How much is held of them, in units of the asset.'),
  costBasis: figure.costBasis,
  marketValue: figure.marketValue,
  unrealizedPnl: figure.unrealizedPnl,
});

export const explanationSchema = z
  .object({
    asset: field.asset.describe('The asset explained.'),
    costMethod: figure.usedCostMethod,
    quantity: field.decimal.describe('How much is held, in units of the asset.'),
    averagePrice: figure.averagePrice,
    costBasis: figure.costBasis,
    mark: z.union([mark, z.null()]).describe('What it is valued at; `null` without a price.'),
    marketValue: figure.marketValue,
    unrealizedPnl: figure.unrealizedPnl,
    realizedPnl: figure.realized,
    lots: z.array(openLot).describe('What is held, oldest first.'),
    acquisitions: z.array(acquisition).describe('What came in, oldest first.'),
    disposals: z.array(disposal).describe('What went out, oldest first.'),
    earlier: z
      .object({
        lots: lotSums.describe('Open lots older than those in `lots`.'),
        acquisitions: z
          .object({ count: count.describe('How many acquisitions.') })
          .describe('Acquisitions older than those in `acquisitions`.'),
        disposals: z
          .object({ count: count.describe('How many disposals.'), realizedPnl: figure.realized })
          .describe('Disposals older than those in `disposals`.'),
      })
      .describe('Sums of what is older than the lists: together they add up to the figures above.'),
  })
  .meta({ id: 'Explanation', description: 'What the PnL of one asset is made of.' });

export type AcquisitionBody = z.input<typeof acquisition>;
export type DisposalBody = z.input<typeof disposal>;
export type LotSums = z.input<typeof lotSums>;
/** Each list adds up, together with what is `earlier`, to its figure. */
export type ExplanationBody = z.input<typeof explanationSchema>;
