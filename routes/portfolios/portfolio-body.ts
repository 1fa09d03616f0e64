import { z } from 'zod';
import type { Portfolio } from '../../db/ledger/portfolios.ts';
import type { PortfolioAccess } from '../../db/users/shares.ts';
import { isTimeZone } from '../../lib/pnl/performance/calendar.ts';
import { CASH_MODES, COST_METHODS } from '../../lib/pnl/ledger/entry.ts';
import * as field from '../http/fields.ts';

export const timeZone = z
  .string()
  .refine(isTimeZone, 'must be an IANA time zone such as Asia/Seoul')
  .meta({ example: 'Asia/Seoul' });

/** What may be chosen. */
export const settings = {
  name: field.text(100).meta({ example: 'Long term' }),
  costMethod: z.enum(COST_METHODS),
  timeZone,
  benchmark: z.union([field.symbol, z.null()]),
  cashMode: z.enum(CASH_MODES),
};

/** A portfolio as everybody sees it who may see it. */
export const portfolioSettingsSchema = z
  .object({
    id: field.id,
    ...settings,
    name: z.string(),
    baseCurrency: field.asset,
    version: z.int().meta({ description: 'Counts the changes of the ledger and of these settings.' }),
    createdAt: field.timestamp,
    updatedAt: field.timestamp,
  })
  .meta({ id: 'PortfolioSettings' });

export const portfolioSchema = portfolioSettingsSchema
  .extend({
    access: z.enum(['owner', 'read', 'write']).meta({
      description: 'What the caller may do: see, also change the ledger, or everything.',
    }),
  })
  .meta({ id: 'Portfolio' });

/** What a portfolio is compared with unless another symbol is named. */
export function benchmarkOf({ benchmark, baseCurrency }: Portfolio): string | null {
  return benchmark ?? (baseCurrency === 'BTC' ? null : `BTC/${baseCurrency}`);
}

export function portfolioSettingsBody(portfolio: Portfolio): z.input<typeof portfolioSettingsSchema> {
  const { id, name, baseCurrency, costMethod, cashMode, timeZone: zone, version } = portfolio;
  return {
    id,
    name,
    baseCurrency,
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
