import { div, fixed, mul, ONE } from '../../../lib/money/money.ts';
import type { FoundRate } from '../../../lib/pnl/ledger/rate-origin.ts';
import type { Database } from '../../connection/database.ts';

/** What has no market price, and when. */
export interface OwnRateNeed {
  portfolioId: string;
  baseCurrency: string;
  asset: string;
  time: number;
}

interface OwnTrade {
  nth: number;
  base: string;
  quote: string;
  price: string;
  quote_rate: string | null;
  time: number;
}

const PROBES_AT_ONCE = 250;

const COLUMNS = 'time, tie, base, quote, price, quote_rate';

/**
 * Base currency per unit from the portfolio's own last trade at or before each time: of the asset itself, or of the
 * base currency against it. A conversion of base currency into the asset counts as such a trade. The price of the trade
 * must be in the base currency or in one that has a market price, so that no rate is based on another rate of this
 * kind.
 * @returns in the order of the questions; `null` where there is no such trade
 */
export async function ownRates(db: Database, needs: readonly OwnRateNeed[]): Promise<(FoundRate | null)[]> {
  const found: (FoundRate | null)[] = needs.map(() => null);
  for (let start = 0; start < needs.length; start += PROBES_AT_ONCE) {
    const some = needs.slice(start, start + PROBES_AT_ONCE);
    const { rows }: { rows: OwnTrade[] } = await db.raw(
      `select wanted.nth::integer as nth, last.* from
         unnest(?::uuid[], ?::text[], ?::text[], ?::timestamptz[])
           with ordinality as wanted (portfolio_id, base_currency, asset, at, nth)
       cross join lateral (
         select * from (
           (select ${COLUMNS} from ledger_entries e
            where e.portfolio_id = wanted.portfolio_id and e.base = wanted.asset and e.time <= wanted.at and (
              e.quote = wanted.base_currency
              or (e.quote_rate is not null and (e.rates #>> '{quote,source}') is distinct from 'own-trade')
            )
            order by time desc, tie desc limit 1)
           union all
           (select ${COLUMNS} from ledger_entries e
            where e.portfolio_id = wanted.portfolio_id and e.quote = wanted.asset and e.base = wanted.base_currency
              and e.time <= wanted.at and e.price > 0
            order by time desc, tie desc limit 1)
           union all
           (select time, tie, e.asset, wanted.base_currency,
              round((e.sources -> 0 ->> 'quantity')::numeric / e.quantity, 18), null
            from ledger_entries e
            where e.portfolio_id = wanted.portfolio_id and e.asset = wanted.asset and e.time <= wanted.at
              and e.kind = 'convert' and json_array_length(e.sources) = 1
              and e.sources -> 0 ->> 'asset' = wanted.base_currency
            order by time desc, tie desc limit 1)
         ) as either order by time desc, tie desc limit 1
       ) as last`,
      [
        some.map(({ portfolioId }) => portfolioId),
        some.map(({ baseCurrency }) => baseCurrency),
        some.map(({ asset }) => asset),
        some.map(({ time }) => new Date(time).toISOString()),
      ],
    );
    for (const row of rows) {
      const need = some[row.nth - 1];
      if (need !== undefined) found[start + row.nth - 1] = rateOf(row, need);
    }
  }
  return found;
}

function rateOf({ base, quote, price, quote_rate: quoteRate, time }: OwnTrade, need: OwnRateNeed): FoundRate {
  const at = fixed(price);
  const origin = { source: 'own-trade', path: [`${base}/${quote}`], time } as const;
  if (base === need.baseCurrency) return { rate: div(ONE, at), origin };
  const rate = quote === need.baseCurrency ? ONE : fixed(quoteRate ?? '0');
  return { rate: mul(at, rate), origin };
}
