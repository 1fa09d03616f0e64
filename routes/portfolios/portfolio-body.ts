import { z } from 'zod';
import type { ComparedAccount } from '../../db/accounts/account-balances.ts';
import type { Portfolio } from '../../db/ledger/portfolios/portfolios.ts';
import type { PortfolioAccess } from '../../db/users/shares.ts';
import { isTimeZone } from '../../lib/pnl/performance/calendar.ts';
import { COST_METHODS } from '../../lib/pnl/ledger/cost-method.ts';
import { CASH_MODES } from '../../lib/pnl/ledger/entry.ts';
import { reconciliationOf } from '../../streams/accounts/reconcile.ts';
import * as field from '../../lib/schemas/fields.ts';
import { METHODS } from '../../lib/schemas/figure-fields.ts';

export const timeZone = z
  .string()
  .refine(isTimeZone, 'must be an IANA time zone such as Asia/Seoul')
  .meta({ example: 'Asia/Seoul', description: 'IANA time zone whose midnight ends a day.' });

/** The settings of a portfolio. */
export const settings = {
  name: field.text(100).meta({ example: 'Long term', description: 'Name of the portfolio, for people.' }),
  costMethod: z.enum(COST_METHODS).describe(`How the cost of what is sold is found. ${METHODS}`),
  timeZone,
  benchmark: z
    .union([field.symbol, z.null()])
    .describe('Symbol that performance is compared with; `null`: BTC in base currency.'),
  cashMode: z
    .enum(CASH_MODES)
    .describe(
      '`tracked`: cash is a holding that trades and transfers move. `untracked`: each purchase brings in its own money and each sale takes it out, for bots that report fills only.',
    ),
};

export const simulated = z
  .boolean()
  .describe(
    'Whether it is valued at simulated prices (`true`) or real ones. Never both, and it never changes.',
  );

/** A portfolio as everyone with access sees it. */
export const portfolioSettingsSchema = z
  .object({
    id: field.portfolioId,
    ...settings,
    name: z.string().describe('Name of the portfolio, for people.'),
    benchmark: z
      .union([field.symbol, z.null()])
      .describe('Symbol that performance is compared with; `null`: none, since the base currency is BTC.'),
    baseCurrency: field.asset.describe('The currency of all figures; it never changes.'),
    simulated,
    version: z.int().describe('Counts the changes of the ledger and of these settings.'),
    createdAt: field.createdAt,
    updatedAt: field.updatedAt,
  })
  .meta({ id: 'PortfolioSettings', description: 'A portfolio and its settings.' });

export const portfolioSchema = portfolioSettingsSchema
  .extend({
    access: z
      .enum(['owner', 'read', 'write'])
      .describe(
        'What the caller may do. `read`: see it. `write`: also change the ledger. `owner`: everything.',
      ),
  })
  .meta({ id: 'Portfolio', description: 'A portfolio as the caller may use it.' });

/** How a portfolio agrees with the exchanges that fill it. */
export const reconciliation = {
  reconciled: z
    .union([z.boolean(), z.null()])
    .describe(
      'Whether every balance agrees with those of the exchanges that fill it; `null`: not known at the moment, or no account is connected.',
    ),
  reconciledAt: z
    .union([field.timestamp, z.null()])
    .describe('When all of its accounts had last been compared; `null`: not yet, or there is none.'),
};

/** A portfolio in a list or summary. */
export const listedPortfolioSchema = portfolioSchema.extend(reconciliation).meta({
  id: 'ListedPortfolio',
  description: 'A portfolio as the caller may use it, and whether it agrees with the exchanges.',
});

export function reconciliationBody(
  accounts: readonly ComparedAccount[] = [],
): Pick<z.input<typeof listedPortfolioSchema>, 'reconciled' | 'reconciledAt'> {
  const { reconciled, reconciledAt } = reconciliationOf(accounts);
  return { reconciled, reconciledAt: reconciledAt === null ? null : field.isoTime(reconciledAt) };
}

/** The default benchmark of a portfolio. */
export function benchmarkOf({ benchmark, baseCurrency }: Portfolio): string | null {
  return benchmark ?? (baseCurrency === 'BTC' ? null : `BTC/${baseCurrency}`);
}

export function portfolioSettingsBody(portfolio: Portfolio): z.input<typeof portfolioSettingsSchema> {
  const { id, name, baseCurrency, simulated: isSimulated, version } = portfolio;
  const { costMethod, cashMode, timeZone: zone } = portfolio;
  return {
    id,
    name,
    baseCurrency,
    simulated: isSimulated,
    costMethod,
    timeZone: zone,
    benchmark: benchmarkOf(portfolio),
    cashMode,
    version,
    createdAt: field.isoTime(portfolio.createdAt),
    updatedAt: field.isoTime(portfolio.updatedAt),
  };
}

export function portfolioBody(
  portfolio: Portfolio & { access?: PortfolioAccess },
): z.input<typeof portfolioSchema> {
  return { ...portfolioSettingsBody(portfolio), access: portfolio.access ?? 'owner' };
}
