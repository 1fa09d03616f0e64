import assert from 'node:assert/strict';
import {
  array,
  assert as check,
  asyncProperty,
  bigInt,
  boolean,
  constantFrom,
  integer,
  record,
  tuple,
} from 'fast-check';
import { GENESIS } from '../../../lib/epoch.ts';
import { UTC } from '../../../lib/import/reading/local-time.ts';
import { readFile } from '../../../lib/import/rows.ts';
import { fixed } from '../../../lib/money/money.ts';
import { runs } from '../../support/runs.ts';

const LOCALES = [
  'en-US',
  'en-GB',
  'en-IN',
  'de-DE',
  'de-CH',
  'fr-FR',
  'es-ES',
  'pt-BR',
  'sv-SE',
  'ja-JP',
  'ko-KR',
  'ru-RU',
  'nl-NL',
];
const NOW = Date.UTC(2026, 10, 30);
const BINANCE_OPENED = Date.UTC(2017, 6, 2);

interface Meant {
  time: number;
  quantity: string;
  price: string;
}

type Write = (locale: string, meant: Meant) => [time: string, quantity: string, price: string];

async function* one(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

const number = tuple(bigInt(1n, 10n ** 12n), integer({ min: 0, max: 12 })).map(([digits, places]) => {
  const text = String(digits).padStart(places + 1, '0');
  return places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`;
});
const meant = record({
  time: integer({ min: GENESIS / 1_000, max: NOW / 1_000 }).map((seconds) => seconds * 1_000),
  quantity: number,
  price: number,
});

const grouped = boolean();
const year = constantFrom('numeric' as const, '2-digit' as const);

interface Formats {
  numbers: Intl.NumberFormat;
  dates: Intl.DateTimeFormat;
}

/** Formatters are dear to make. */
const formats = new Map<string, Formats>();

function formatsOf(locale: string, useGrouping: boolean, year: 'numeric' | '2-digit'): Formats {
  const key = `${locale} ${useGrouping} ${year}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const made = {
    numbers: new Intl.NumberFormat(locale, { useGrouping, maximumFractionDigits: 20 }),
    dates: new Intl.DateTimeFormat(locale, {
      timeZone: 'UTC',
      year,
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: '2-digit',
      second: '2-digit',
    }),
  };
  formats.set(key, made);
  return made;
}

/** Numbers and times as a locale has them. */
function writer(useGrouping: boolean, yearStyle: 'numeric' | '2-digit'): Write {
  return (locale, { time, quantity, price }) => {
    const { numbers, dates } = formatsOf(locale, useGrouping, yearStyle);
    // Intl takes decimals as text, exactly.
    const text = (value: string): string => numbers.format(value as `${number}`);
    return [dates.format(time), text(quantity), text(price)];
  };
}

const LAYOUTS = {
  own: (rows: string[][]) => [
    ['time', 'symbol', 'side', 'quantity', 'price'],
    ...rows.map(([time = '', quantity = '', price = '']) => [time, 'BTC/USDT', 'buy', quantity, price]),
  ],
  binance: (rows: string[][]) => [
    ['Date(UTC)', 'Pair', 'Type', 'Price', 'Amount', 'Total', 'Fee', 'Fee Coin'],
    ...rows.map(([time = '', quantity = '', price = '']) => [
      time,
      'BTCUSDT',
      'BUY',
      price,
      quantity,
      '',
      '',
      '',
    ]),
  ],
};

async function read(
  rows: string[][],
  layout: keyof typeof LAYOUTS,
  delimiter: string,
): Promise<(Meant | null)[]> {
  const lines = LAYOUTS[layout](rows).map((cells) => cells.map((cell) => `"${cell}"`).join(delimiter));
  const file = await readFile(one(`${lines.join('\n')}\n`), {
    charset: null,
    zone: UTC,
    earliest: GENESIS,
    latest: NOW + 86_400_000,
    maxRows: 100,
  });
  const found: (Meant | null)[] = [];
  for await (const row of file.rows) {
    const entry = 'entries' in row ? row.entries[0] : undefined;
    if (entry?.kind !== 'trade') found.push(null);
    else found.push({ time: entry.time, quantity: entry.quantity, price: entry.price });
  }
  return found;
}

describe('numbers and dates of a file', () => {
  it('are read right or refused, never read wrong, in the writing of a dozen locales', async () => {
    let [taken, all] = [0, 0];
    await check(
      asyncProperty(
        constantFrom(...LOCALES),
        array(meant, { minLength: 1, maxLength: 5 }),
        grouped,
        year,
        constantFrom('own' as const, 'binance' as const),
        constantFrom(',', ';', '\t'),
        async (locale, drawn, useGrouping, yearStyle, layout, delimiter) => {
          // No file of Binance is older than it.
          const since = layout === 'binance' ? BINANCE_OPENED : 0;
          const rows = drawn.filter(({ time }) => time > since);
          if (rows.length === 0) return;
          const write = writer(useGrouping, yearStyle);
          const written = rows.map((row) => write(locale, row));
          const found = await read(written, layout, delimiter);
          assert.equal(found.length, rows.length);
          for (const [index, row] of found.entries()) {
            all += 1;
            if (row === null) continue;
            taken += 1;
            const expected = rows[index];
            assert.ok(expected !== undefined);
            assert.equal(row.time, expected.time, `${locale} ${written[index]?.[0]}`);
            assert.equal(fixed(row.quantity), fixed(expected.quantity), `${locale} ${written[index]?.[1]}`);
            assert.equal(fixed(row.price), fixed(expected.price), `${locale} ${written[index]?.[2]}`);
          }
        },
      ),
      { numRuns: runs(200) },
    );
    assert.ok(taken > all / 2, `only ${taken} of ${all} rows were taken`);
  });

  it('are read in exponents, exactly', async () => {
    for (const [written, plain] of [
      ['1.7103E7', '17103000'],
      ['1.0E7', '10000000'],
      ['5.0E-4', '0.0005'],
      ['1e-05', '0.00001'],
      ['3.56E+18', '3560000000000000000'],
    ] as const) {
      const [row] = await read([['2026-01-01 00:00:00', written, '0.5']], 'own', ',');
      assert.equal(fixed(row?.quantity ?? '0'), fixed(plain));
    }
  });

  it('are refused when they could mean two things, with both readings named', async () => {
    const refused = async (time: string, quantity: string): Promise<string> => {
      const text = `time;symbol;side;quantity;price\n${time};BTC/USDT;buy;${quantity};2\n`;
      const options = { charset: null, zone: UTC, earliest: GENESIS, latest: NOW, maxRows: 10 };
      const file = await readFile(one(text), options);
      for await (const row of file.rows) if ('error' in row) return `${row.error.code} ${row.error.detail}`;
      return assert.fail('it was taken');
    };
    assert.match(
      await refused('2026-01-01 00:00', '1,234'),
      /^ambiguous-number could be 1234 or 1\.234: say/,
    );
    assert.match(
      await refused('03/04/2026 00:00', '1'),
      /^ambiguous-date could be 2026-04-03 or 2026-03-04: say/,
    );
    assert.match(await refused('10-11-12 00:00', '1'), /^ambiguous-date could be 2010-11-12 or .*2012/);
    assert.match(await refused('2008-12-31 00:00', '1'), /^too-early/);
    assert.match(await refused('2026-01-01 00:00', '1.5K'), /^not-a-number/);
    assert.match(await refused('2026-01-01 13:00 PM', '1'), /^not-a-time/);
  });

  it('are refused where a spreadsheet has turned some dates of the file into others', async () => {
    const rows = [
      ['13/01/2026 00:00', '1', '2'],
      ['01.02.2026 00:00', '1', '2'],
    ];
    const [first, second] = await read(rows, 'own', ';');
    assert.equal(first?.time, Date.UTC(2026, 0, 13));
    assert.equal(second, null);
  });
});
