import assert from 'node:assert/strict';
import {
  array,
  assert as check,
  asyncProperty,
  bigInt,
  boolean,
  constantFrom,
  integer,
  type Parameters as CheckParameters,
  record,
  tuple,
} from 'fast-check';
import { mappedFormat } from '../../../lib/import/layouts/mapping.ts';
import type { ImportFormat } from '../../../lib/import/reading/format.ts';
import { movesOf } from '../../../lib/import/reading/legs.ts';
import { abs, decimal, fixed, mul } from '../../../lib/money/money.ts';
import { Problem } from '../../../lib/problem.ts';
import { readText } from './read-text.ts';

const LOCALES =
  'en-US en-GB en-IN de-DE de-CH fr-FR es-ES pt-BR sv-SE ja-JP ko-KR ru-RU nl-NL it-IT pl-PL'.split(' ');
/** What people in Korea write, and what Korean exchanges do. */
const POINT_LOCALES = ['ko-KR', 'en-US', 'ja-JP'];

/** A purchase of BTC with USDT. */
interface Purchase {
  time: number;
  quantity: string;
  price: string;
}

/** How it is written: cells of time, quantity, price and what it cost in all. */
interface Written {
  time: string;
  quantity: string;
  price: string;
  total: string;
}

interface Layout {
  head: string[];
  row: (cells: Written) => string[];
  locales?: string[];
  /** In which its times are written; `undefined`: it is sent along. */
  zone?: string;
  format?: ImportFormat;
  /** Whether it tells what was paid in all, and no price. */
  hasTotal?: boolean;
}

const MAPPING = mappedFormat({
  columns: { time: 'When', kind: 'What', symbol: 'Market', quantity: 'Units', price: 'Each' },
  kinds: { Kauf: 'buy' },
  defaultKind: null,
  exchange: 'mine',
  quote: null,
  decimal: null,
  dateOrder: null,
  negativeFee: null,
});

const LAYOUTS: Record<string, Layout> = {
  own: {
    head: ['time', 'symbol', 'side', 'quantity', 'price'],
    row: ({ time, quantity, price }) => [time, 'BTC/USDT', 'buy', quantity, price],
  },
  entries: {
    head: ['time', 'kind', 'asset', 'symbol', 'side', 'quantity', 'price'],
    row: ({ time, quantity, price }) => [time, 'trade', '', 'BTC/USDT', 'buy', quantity, price],
  },
  mapping: {
    head: ['Units', 'When', 'What', 'Each', 'Market'],
    row: ({ time, quantity, price }) => [quantity, time, 'Kauf', price, 'BTC-USDT'],
    format: MAPPING,
  },
  binance: {
    head: ['Date(UTC)', 'Pair', 'Type', 'Price', 'Amount', 'Total', 'Fee', 'Fee Coin'],
    row: ({ time, quantity, price }) => [time, 'BTCUSDT', 'BUY', price, quantity, '', '', ''],
    zone: 'UTC',
  },
  bybit: {
    head: [
      'Spot Pairs',
      'Direction',
      'Filled Price',
      'Filled Quantity',
      'Fees',
      'Transaction ID',
      'Order No.',
      'Timestamp (UTC)',
    ],
    row: ({ time, quantity, price }) => ['BTCUSDT', 'BUY', price, quantity, '--', '', '', time],
    zone: 'UTC',
  },
  kraken: {
    head: ['txid', 'ordertxid', 'pair', 'time', 'type', 'ordertype', 'price', 'cost', 'fee', 'vol', 'margin'],
    row: ({ time, quantity, price }) => [
      '',
      '',
      'BTC/USDT',
      time,
      'buy',
      'limit',
      price,
      '',
      '0',
      quantity,
      '0',
    ],
    zone: 'UTC',
  },
  kucoin: {
    head: [
      'Order ID',
      'Symbol',
      'Side',
      'Avg. Filled Price',
      'Filled Amount',
      'Filled Time(UTC+09:00)',
      'Fee',
      'Fee Currency',
    ],
    row: ({ time, quantity, price }) => ['', 'BTC-USDT', 'BUY', price, quantity, time, '', ''],
    zone: 'Asia/Seoul',
  },
  koinly: {
    head: [
      'Date',
      'Sent Amount',
      'Sent Currency',
      'Received Amount',
      'Received Currency',
      'Fee Amount',
      'Fee Currency',
    ],
    row: ({ time, quantity, total }) => [time, total, 'USDT', quantity, 'BTC', '', ''],
    zone: 'UTC',
    hasTotal: true,
  },
  cointracking: {
    head: ['Type', 'Buy', 'Cur.', 'Sell', 'Cur.', 'Fee', 'Cur.', 'Exchange', 'Group', 'Comment', 'Date'],
    row: ({ time, quantity, total }) => ['Trade', quantity, 'BTC', total, 'USDT', '', '', 'X', '', '', time],
    hasTotal: true,
  },
  upbit: {
    head: ['체결시간', '코인', '마켓', '종류', '거래수량', '거래단가', '수수료'],
    row: ({ time, quantity, price }) => [time, 'BTC', 'USDT', '매수', `${quantity}BTC`, `${price}USDT`, '-'],
    zone: 'Asia/Seoul',
    locales: POINT_LOCALES,
  },
  bithumb: {
    head: ['거래일시', '자산', '거래구분', '거래수량', '체결가격', '거래금액', '수수료'],
    row: ({ time, quantity, price }) => [
      time,
      '비트코인',
      '매수',
      `${quantity} BTC`,
      `${price} USDT`,
      '-',
      '-',
    ],
    zone: 'Asia/Seoul',
    locales: POINT_LOCALES,
  },
};

/** Of the youngest of the exchanges: before that none of their files has a row. */
const OPENED = Date.UTC(2018, 5, 1);
const NOW = Date.UTC(2026, 10, 30);
const ZONES = ['UTC', 'Asia/Seoul', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'];

const number = tuple(bigInt(1n, 10n ** 9n), integer({ min: 0, max: 9 })).map(([digits, places]) => {
  const text = String(digits).padStart(places + 1, '0');
  return places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`;
});
const purchase = record<Purchase>({
  time: integer({ min: OPENED / 1_000, max: NOW / 1_000 }).map((seconds) => seconds * 1_000),
  quantity: number,
  price: number,
});

/** How a file is written, and what has been done to it since. */
const manner = record({
  layout: constantFrom(...Object.keys(LAYOUTS)),
  locale: integer({ min: 0, max: LOCALES.length - 1 }),
  zone: constantFrom(...ZONES),
  useGrouping: boolean(),
  year: constantFrom('numeric' as const, '2-digit' as const),
  delimiter: constantFrom(',', ';', '\t'),
  newline: constantFrom('\n', '\r\n', '\r'),
  hasMark: boolean(),
  isSorted: boolean(),
  /** A spreadsheet that takes the month to come first has turned those dates round that it could read so. */
  conversion: constantFrom(null, null, 'text' as const, 'number' as const),
  /** It writes small numbers with an exponent. */
  hasExponents: boolean(),
});
type Manner = typeof manner extends { generate: (...args: never[]) => { value: infer T } } ? T : never;

const formatters = new Map<string, { numbers: Intl.NumberFormat; dates: Intl.DateTimeFormat }>();

function formattersOf(
  locale: string,
  { zone, useGrouping, year }: Pick<Manner, 'zone' | 'useGrouping' | 'year'>,
) {
  const key = [locale, zone, useGrouping, year].join();
  const known = formatters.get(key);
  if (known !== undefined) return known;
  const made = {
    numbers: new Intl.NumberFormat(locale, { useGrouping, maximumFractionDigits: 20 }),
    dates: new Intl.DateTimeFormat(locale, {
      timeZone: zone,
      year,
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: '2-digit',
      second: '2-digit',
    }),
  };
  formatters.set(key, made);
  return made;
}

const DAY_FIRST = /^(\d{1,2})([-./]) ?(\d{1,2})\2 ?(\d{4}),? (\d{1,2}:\d{2}:\d{2})$/;
const DAY_ZERO = Date.UTC(1899, 11, 30);

/** What a spreadsheet with the month first makes of a date with the day first. */
function converted(cell: string, way: 'text' | 'number'): string {
  const [, first = '', , second = '', year = '', clock = ''] = DAY_FIRST.exec(cell) ?? [];
  if (first === '' || Number(first) > 12) return cell;
  const day = `${year}-${first.padStart(2, '0')}-${second.padStart(2, '0')}`;
  if (way === 'text') return `${day} ${clock.padStart(8, '0')}`;
  return String((Date.parse(`${day}T${clock.padStart(8, '0')}Z`) - DAY_ZERO) / 86_400_000);
}

function exponential(value: string, separator: string): string {
  return Number(value).toExponential(5).replace('e-', 'E-0').replace('e+', 'E+0').replace('.', separator);
}

/** A file as a person may have it, and what it means. */
function fileOf(drawn: readonly Purchase[], how: Manner) {
  const layout = LAYOUTS[how.layout] ?? assert.fail();
  const locales = layout.locales ?? LOCALES;
  const locale = locales[how.locale % locales.length] ?? 'en-US';
  const zone = layout.zone ?? how.zone;
  const { numbers, dates } = formattersOf(locale, { ...how, zone });
  const separator = numbers.format(0.5).replace(/\d/g, '');
  const meant = how.isSorted ? drawn.toSorted((a, b) => a.time - b.time) : [...drawn];
  const numberText = (value: string): string => {
    const isSmall =
      how.hasExponents &&
      Number(value) < 0.001 &&
      Number(value).toPrecision(6) === Number(value).toPrecision(12).slice(0, 8);
    if (isSmall && fixed(decimal(fixed(Number(value).toFixed(12)))) === fixed(value)) {
      const text = exponential(value, separator);
      if (Number(text.replace(separator, '.')) === Number(value)) return text;
    }
    // Intl takes decimals as text, exactly.
    return numbers.format(value as `${number}`);
  };
  const shown = meant.map(({ time }) => dates.format(time));
  const changed =
    how.conversion === null ? shown : shown.map((cell) => converted(cell, how.conversion ?? 'text'));
  // Where all were changed nothing is left to tell it by.
  const times = changed.every((cell, index) => cell !== shown[index]) ? shown : changed;
  const rows = meant.map(({ quantity, price }, index) => {
    return layout.row({
      time: times[index] ?? '',
      quantity: numberText(quantity),
      price: numberText(price),
      total: numbers.format(decimal(mul(fixed(quantity), fixed(price))) as `${number}`),
    });
  });
  const lines = [layout.head, ...rows].map((cells) => cells.map((cell) => `"${cell}"`).join(how.delimiter));
  const text = `${how.hasMark ? '\uFEFF' : ''}${lines.join(how.newline)}${how.newline}`;
  const options = {
    ...(layout.zone === undefined ? { tz: zone } : {}),
    ...(layout.format === undefined ? {} : { format: layout.format }),
  };
  return { text, options, meant, hasTotal: layout.hasTotal === true };
}

/**
 * Whole files in the writing of many locales are read right or refused, never read wrong, whatever their layout, and
 * whatever a spreadsheet has done to them.
 * @returns how many rows there were, and how many of them were read
 */
export async function readsFilesRight(
  parameters: CheckParameters<unknown>,
): Promise<{ all: number; read: number }> {
  const counts = { all: 0, read: 0 };
  await check(
    asyncProperty(array(purchase, { minLength: 1, maxLength: 6 }), manner, async (drawn, how) => {
      const { text, options, meant, hasTotal } = fileOf(drawn, how);
      counts.all += meant.length;
      let rows;
      try {
        rows = await readText(text, options);
      } catch (error) {
        assert.ok(error instanceof Problem, String(error));
        return;
      }
      assert.equal(rows.length, meant.length, text);
      for (const [index, row] of rows.entries()) {
        if (!('entries' in row)) continue;
        counts.read += 1;
        const [entry] = row.entries;
        const expected = meant[index] ?? assert.fail();
        assert.ok(entry?.kind === 'trade', text);
        assert.equal(new Date(entry.time).toISOString(), new Date(expected.time).toISOString(), text);
        assert.equal(fixed(entry.quantity), fixed(expected.quantity), text);
        if (!hasTotal) assert.equal(fixed(entry.price), fixed(expected.price), text);
        const paid = fixed(movesOf(entry)[1]?.amount ?? '0');
        const cost = mul(fixed(expected.quantity), fixed(expected.price));
        // A price that is divided out of the total is rounded at its last digit.
        assert.ok(
          abs(paid + cost) <= mul(fixed(expected.quantity), fixed('0.000000000000000001')) + 2n,
          text,
        );
      }
    }),
    parameters,
  );
  return counts;
}
