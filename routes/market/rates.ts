import { z } from 'zod';
import { rateAt } from '../../db/ledger/rates/rates.ts';
import { upsertCandles } from '../../db/market/candles.ts';
import { GENESIS } from '../../lib/epoch.ts';
import { decimal } from '../../lib/money/money.ts';
import { type FieldError, problem } from '../../lib/problem.ts';
import * as field from '../../lib/schemas/fields.ts';
import { acceptedSchema } from './accepted.ts';
import { itemOrBatch } from '../http/batch.ts';
import { isCsv } from '../http/csv-body.ts';
import { endpoint } from '../http/endpoint.ts';
import { loadsOf } from './candles.ts';
import { readRateFile, rateFileQuery, refuseFileQuery } from './rate-file.ts';

const MINUTE = 60_000;

export const getRate = endpoint({
  method: 'get',
  path: '/v1/market/rates',
  id: 'getRate',
  tag: 'market',
  summary: 'What one asset was worth in another at some time, and by which prices',
  description:
    'From the last stored prices at or before that time, as entries are valued: directly, or through two symbols.',
  access: 'read',
  query: z.strictObject({
    asset: field.asset.describe('The asset to value.'),
    currency: field.asset.describe('The currency to value it in.'),
    time: field.queryInstant.optional().describe(`When; now if omitted. ${field.INSTANT_FORM}`),
  }),
  status: 200,
  response: z
    .object({
      asset: field.asset.describe('The asset to value.'),
      currency: field.asset.describe('The currency to value it in.'),
      rate: field.decimalOrNull.describe(
        '`currency` per unit of `asset`; `null` if no prices connect the two.',
      ),
      path: z
        .array(field.symbol)
        .describe('The symbols that it came through, in order; none for the same asset.'),
      time: z
        .union([field.timestamp, z.null()])
        .describe('When the oldest price used was made; `null` if none was needed, or found.'),
    })
    .meta({ id: 'MarketRate', description: 'A rate, and where it comes from.' }),
  problems: ['invalid-request'],
  async handler({ query }, { db, market, clock }) {
    const { asset, currency, time = clock.now() } = query;
    if (asset === currency) return { asset, currency, rate: '1', path: [], time: null };
    const terms = { baseCurrency: currency, simulated: market.isSimulated };
    const found = await rateAt(db, asset, terms, time);
    if (found === null) return { asset, currency, rate: null, path: [], time: null };
    const at = found.time === null ? null : field.isoTime(found.time);
    return { asset, currency, rate: decimal(found.rate), path: found.path, time: at };
  },
});

const rateInput = z
  .strictObject({
    symbol: field.symbol.describe('`USD/KRW`: won per dollar.'),
    rate: field.positiveAmount.describe('Quote currency per unit of the base currency; a decimal string.'),
    time: field.instant
      .refine((time) => time >= GENESIS, 'is before 2009')
      .refine((time) => time % MINUTE === 0, 'must be the start of a minute')
      .describe(
        `When it takes effect; it holds until the next one. An official rate is not known before it is published. ${field.INSTANT_FORM}`,
      ),
  })
  .meta({ id: 'RateInput', description: 'An official rate.' });

export const loadRates = endpoint({
  method: 'post',
  path: '/v1/market/rates',
  id: 'loadRates',
  tag: 'market',
  summary: 'Load official exchange rates: one, a batch, or a CSV file',
  description:
    'A rate is a price like any other: from its time on it values entries and portfolios, whose `path` names its symbol. It replaces the one stored for its minute.\n\nA file has the columns `symbol`, `rate` and `time`, or a `date`, whose rate holds from `at` on in `tz`. Numbers and dates are read as strictly as those of an import: whatever could mean two things is refused by line and column. It is loaded as a whole or not at all.',
  access: 'market:write',
  query: z.strictObject(rateFileQuery),
  ...itemOrBatch(rateInput, 'RateInput'),
  readCsv: readRateFile,
  status: 200,
  response: acceptedSchema,
  examples: {
    request: { symbol: 'USD/KRW', rate: '1442.1', time: '2026-03-02T00:00:00.000Z' },
    csv: 'symbol,date,rate\nUSD/KRW,2026-03-02,1442.1\nUSD/KRW,2026-03-03,1450.5\n',
  },
  problems: ['invalid-request', 'conflict', 'unavailable'],
  async handler({ body, query, ctx }, { db, marketWriter, lateRates, clock }) {
    marketWriter.intake.assertReal();
    if (!isCsv(ctx)) refuseFileQuery(query);
    const items = 'items' in body ? body.items : [body];
    const latest = clock.now() - MINUTE;
    const errors = items.flatMap(({ time }, index): FieldError[] =>
      time > latest
        ? [
            {
              pointer: 'items' in body ? `/items/${index}/time` : '/time',
              detail: 'must be a minute that is over',
            },
          ]
        : [],
    );
    if (errors.length > 0) throw problem('invalid-request', { errors: errors.slice(0, 20) });
    if (!marketWriter.intake.hasRoomFor(new Set(items.map(({ symbol }) => symbol)))) {
      throw problem('conflict', {
        detail: 'The market has as many symbols as it can keep. Send rates of known symbols only.',
      });
    }
    const candles = items.map(({ symbol, rate, time }) => ({
      symbol,
      time,
      // It applies from the first moment of its minute.
      closeTime: time,
      open: rate,
      high: rate,
      low: rate,
      close: rate,
      volume: 0n,
      quoteVolume: 0n,
      trades: 0,
      simulated: false,
    }));
    await db.transaction((trx) => upsertCandles(trx, candles, 'replace'));
    await marketWriter.intake.announceLoaded(loadsOf(candles, []));
    lateRates.look();
    return { accepted: items.length };
  },
});

export const rateEndpoints = [getRate, loadRates];
