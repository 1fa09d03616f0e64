import { z } from 'zod';
import { COST_METHODS } from '../pnl/ledger/cost-method.ts';
import * as field from './fields.ts';

/** The figures of a portfolio, described once for every answer that has them. Amounts are in base currency. */

export const asOf = field.timestamp.describe('The instant that the figures are valid for.');

export const position = z.string().meta({
  example: '12@k3Jx_.48211',
  description:
    'Identifies the state of ledger and market. Answers with the same cost method and position have the same digits.',
});

export const baseCurrency = field.asset.describe('The currency that amounts are in.');

export const METHODS =
  '`average`: moving weighted average, as Korean exchanges show it. `fifo`, `lifo`, `hifo`: the oldest, newest or most expensive lots are sold first.';

export const usedCostMethod = z
  .enum(COST_METHODS)
  .describe(`How the cost of what was sold was found. ${METHODS}`);

/** Asks for another cost method than the portfolio's own. */
export const costMethod = z
  .enum(COST_METHODS)
  .optional()
  .describe(`How to find the cost of what was sold; the portfolio's own method if omitted. ${METHODS}`);

export const realized = z
  .object({
    gross: field.decimalOrNull.describe(
      'Before fees: (sale price − average price) × quantity, summed; `null` if a rate is missing.',
    ),
    net: field.decimalOrNull.describe(
      'After fees of purchases and sales: proceeds − cost basis; `null` if a rate is missing.',
    ),
  })
  .meta({ id: 'RealizedPnl', description: 'Profit or loss of what was sold, in base currency.' });

export const equity = field.decimalOrNull.describe(
  '`marketValue` + `cash`; `null` if something held has no price.',
);
export const cash = field.decimal.describe(
  'Base currency held; negative if more was spent than the ledger has, with a warning.',
);
export const marketValue = field.decimalOrNull.describe(
  'Quantity held × mark price, in base currency; `null` without a price.',
);
export const coinValue = field.decimalOrNull.describe(
  'Market value of all holdings except cash, in base currency; `null` if something has no price.',
);
export const costBasis = field.decimalOrNull.describe(
  'What the holdings cost in base currency, purchase fees included; `null` if a rate is missing.',
);
export const netContributions = field.decimalOrNull.describe(
  'External money and coins in minus out, each at its value then; `null` if a rate is missing.',
);
export const unrealizedPnl = field.decimalOrNull.describe(
  'Market value − cost basis, in base currency; `null` if either is not known.',
);
export const unrealizedRate = field.decimalOrNull.describe(
  '`unrealizedPnl` ÷ `costBasis` as a fraction (`0.05` is 5 %); `null` if unknown or nothing is invested.',
);
export const fees = field.decimalOrNull.describe(
  'All fees paid, in base currency at the time of each; `null` if a rate is missing.',
);
export const income = field.decimalOrNull.describe(
  'Rewards, interest and airdrops at their value when received; `null` if a rate is missing.',
);
export const transferredPnl = field.decimalOrNull.describe(
  'Gains on coins that moved to other portfolios of the owner, minus gains on coins that came from them: value − cost when they left. `null` if a rate is missing.',
);
export const totalPnl = field.decimalOrNull.describe(
  '`equity` − `netContributions`, which is `realizedPnl.net` + `unrealizedPnl` + `income` + `transferredPnl`; `null` if not known.',
);
export const weight = field.decimalOrNull.describe(
  'Share of equity as a fraction (`0.25` is 25 %); `null` if equity is not known or not positive.',
);
export const averagePrice = field.decimalOrNull.describe(
  'Average purchase price per unit in base currency, fees excluded, as exchanges show it; `null` if a rate is missing.',
);

/** Equity and PnL now: the body of `GET …/pnl` but for its head. */
export const totals = {
  equity,
  cash,
  marketValue: coinValue,
  costBasis,
  netContributions,
  unrealizedPnl,
  unrealizedRate,
  realizedPnl: realized,
  fees,
  income,
  transferredPnl,
  totalPnl,
  day: z
    .object({
      start: field.decimalOrNull.describe('Equity at the start of the day; `null` if not known.'),
      pnl: field.decimalOrNull.describe(
        'Change of equity since then, excluding money and coins brought in or taken out; `null` if not known.',
      ),
      rate: field.decimalOrNull.describe(
        '`pnl` ÷ (`start` + what came in since) as a fraction; `null` if not known, or if that sum is not positive.',
      ),
    })
    .meta({
      id: 'DayPnl',
      description: "PnL since midnight in the portfolio's time zone, in base currency.",
    }),
};

/** What every answer with figures begins with. */
export const head = {
  portfolioId: field.portfolioId,
  asOf,
  position,
  baseCurrency,
  costMethod: usedCostMethod,
};
