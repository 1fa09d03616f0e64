import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';

/** A request that is meant to cost as much as it can. `:id` in its path is a portfolio of the caller. */
export interface CostlyRequest {
  method: string;
  path: string;
  headers?: Record<string, string>;
  /** @param salt another one each time: what was booked before is not booked again */
  body?: (salt: string) => string | Buffer;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const CSV_TYPE = { 'content-type': 'text/csv' };
const EPOCH = Date.UTC(2025, 0, 1);
const MINUTE_MS = 60_000;

/** Letters that cost: Korean is searched by its keys, NFKC makes eighteen of one, marks are put in order. */
const LETTERS = [
  'a',
  '비',
  '값',
  'ﷺ',
  'ﬃ',
  '㍿',
  'é',
  'a\u0301\u0323',
  '\u0301',
  '½',
  '힣',
  '😀',
  '\n',
  '"',
  ';',
];

/** Text of one or two letters again and again, or of all of them. */
export function longText(max: number): Arbitrary<string> {
  const words = fc.array(fc.constantFrom(...LETTERS, ' ', 'BTC '), { minLength: 1, maxLength: 8 });
  return fc
    .tuple(words, fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([part, share]) => part.join('').repeat(1 + Math.floor((share * max) / part.join('').length)));
}

const upTo = (max: number): Arbitrary<number> => fc.oneof(fc.constant(max), fc.nat(max));
const post = (path: string, body: (salt: string) => string): CostlyRequest => ({
  method: 'POST',
  path,
  headers: JSON_TYPE,
  body,
});

/** JSON that is deep, or wide, or long. */
const shapes: Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('[', '{"a":', '[[],'),
    fc.constantFrom('{}', '[]', '1', '"x"', 'null', '"\\u0061"'),
    upTo(200_000),
    fc.constantFrom('deep', 'wide', 'keys', 'equal keys', 'blanks', 'long number', 'items'),
  )
  .map(([open, part, count, shape]) => {
    if (shape === 'deep') return open.repeat(count);
    if (shape === 'blanks') return `{"items":${' '.repeat(count * 4)}[]}`;
    if (shape === 'long number') return `{"items":[1${'0'.repeat(count * 4)}]}`;
    if (shape === 'keys')
      return `{${Array.from({ length: count / 10 }, (_, n) => `"k${n}":${part}`).join()}}`;
    if (shape === 'equal keys') return `{"items":[{${`"k":${part},`.repeat(count)}"z":1}]}`;
    const list = Array.from({ length: count }, () => part).join();
    return shape === 'wide' ? `[${list}]` : `{"items":[${list}]}`;
  });

const shapedBodies = fc
  .tuple(
    fc.constantFrom(
      '/v1/portfolios/:id/trades',
      '/v1/portfolios/:id/transfers',
      '/v1/portfolios',
      '/v1/auth/login',
    ),
    shapes,
  )
  .map(([path, text]) => post(path, () => text));

/** What is in each of many entries. */
const entryTexts = fc.record({
  note: longText(1_200),
  tags: fc.array(longText(60), { maxLength: 25 }),
  orderId: longText(250),
});

const batches = fc
  .record({
    kind: fc.constantFrom('trades', 'transfers'),
    count: upTo(1_000),
    assets: fc.constantFrom(1, 30, 300, 1_001),
    spread: fc.constantFrom(0, 1, MINUTE_MS),
    backwards: fc.boolean(),
    texts: fc.oneof(fc.constant({}), entryTexts),
    hasIds: fc.boolean(),
    last: fc.constantFrom({}, { side: 'x' }, { quantity: '1e9' }),
  })
  .map(({ kind, count, assets, spread, backwards, texts, hasIds, last }) =>
    post(`/v1/portfolios/:id/${kind}`, (salt) => {
      const items = Array.from({ length: count }, (_, n) => ({
        ...(hasIds ? { externalId: `${salt}-${n}`, exchange: 'upbit' } : {}),
        ...(kind === 'trades'
          ? { symbol: `C${n % assets}/KRW`, side: n % 5 === 4 ? 'sell' : 'buy', price: '89886000.123456789' }
          : { kind: 'deposit', asset: `C${n % assets}`, unitCost: '2' }),
        quantity: '0.123456789012345678',
        time: EPOCH + (backwards ? count - n : n) * spread,
        ...texts,
        ...(n === count - 1 ? last : {}),
      }));
      return JSON.stringify({ items });
    }),
  );

const singles = fc
  .tuple(fc.constantFrom('portfolio', 'trade', 'subscription', 'login'), longText(16_000))
  .map(([what, text]) => {
    if (what === 'portfolio') return post('/v1/portfolios', () => JSON.stringify({ name: text }));
    if (what === 'login')
      return post('/v1/auth/login', () => JSON.stringify({ email: `${text}@x.y`, password: text }));
    if (what === 'subscription') {
      const channels = Array.from({ length: 600 }, (_, n) => `ticker:${text.slice(0, 9)}${n}/KRW`);
      return post('/v1/streams/subscriptions', () => JSON.stringify({ channels }));
    }
    const trade = { symbol: 'C1/KRW', side: 'buy', quantity: '1', price: '2', time: EPOCH };
    return post('/v1/portfolios/:id/trades', () =>
      JSON.stringify({ ...trade, note: text, tags: [text, 'x'] }),
    );
  });

const OWN = 'time,exchange,symbol,side,quantity,price,feeAmount,feeCurrency,externalId,note,tags';
const UPBIT = '체결시간,코인,마켓,종류,거래수량,거래단가,거래금액,수수료,정산금액,주문시간';

const files = fc
  .record({
    heading: fc.constantFrom(OWN, UPBIT, `${OWN},${'x,'.repeat(480)}`, 'a,b,c'),
    shape: fc.constantFrom('trades', 'one cell', 'ragged', 'commas', 'breaks', 'quotes', 'one row'),
    rows: fc.constantFrom(1, 100, 4_000),
    assets: fc.constantFrom(1, 30, 999, 3_000),
    spread: fc.constantFrom(0, 1_000, MINUTE_MS),
    hasIds: fc.boolean(),
    text: longText(1_100),
    separator: fc.constantFrom('\n', '\r\n', '\n\n\n'),
    query: fc.constantFrom('', '?dryRun=true', '?skipRejected=true', '?skipRejected=true&order=oldest-first'),
    encoding: fc.constantFrom('utf8' as const, 'utf16le' as const),
  })
  .map(
    ({ heading, shape, rows, assets, spread, hasIds, text, separator, query, encoding }): CostlyRequest => {
      const note = `"${text.replaceAll('"', '""')}"`;
      const row = (n: number, salt: string): string => {
        const time = new Date(EPOCH + n * spread).toISOString();
        if (shape === 'one cell') return 'x';
        if (shape === 'ragged') return ','.repeat(n % 40);
        if (shape === 'commas') return ','.repeat(499);
        if (shape === 'breaks') return '\n'.repeat(40);
        if (shape === 'quotes') return `"${'""'.repeat(200)}"`;
        if (shape === 'one row') return 'x,'.repeat(200_000);
        if (heading === UPBIT) {
          return `${time.slice(0, 19).replace('T', ' ')},C${n % assets},KRW,매수,0.${n + 1},89886000,1348290,674.145,1348964,`;
        }
        const id = hasIds ? `${salt}-${n}` : '';
        return `${time},upbit,C${n % assets}/KRW,buy,0.${n + 1},89886000.5,674.145,KRW,${id},${note},x;y`;
      };
      return {
        method: 'POST',
        path: `/v1/portfolios/:id/trades/import${query}`,
        headers: CSV_TYPE,
        body(salt) {
          const count = shape === 'one row' ? 1 : rows;
          const all = Array.from({ length: count }, (_, n) => row(n, salt)).join(separator);
          const bom = encoding === 'utf16le' ? '\uFEFF' : '';
          return Buffer.from(`${bom}${heading}${separator}${all}\n`, encoding);
        },
      };
    },
  );

/** A query of some parameters, each of them with one of its costly values. */
function queryOf(parameters: Record<string, Arbitrary<string | number>>): Arbitrary<string> {
  return fc.record(parameters, { requiredKeys: [] }).map((chosen) =>
    Object.entries(chosen)
      .map(([name, value]) => `${name}=${encodeURIComponent(value ?? '')}`)
      .join('&'),
  );
}

const get = (path: string, query: Arbitrary<string>): Arbitrary<CostlyRequest> =>
  query.map((text) => ({ method: 'GET', path: text === '' ? path : `${path}?${text}` }));

const limit = fc.constantFrom(1, 100, 1_000);
const from = fc.constantFrom('1970-01-01', '2024-01-01T00:00:00Z', String(EPOCH), '2025-06-01');
const to = fc.constantFrom('2025-06-02', '2026-01-01T00:00:00Z', '2027-01-01');
const tz = fc.constantFrom('Asia/Seoul', 'America/New_York', 'Pacific/Apia');
const costMethod = fc.constantFrom('average', 'fifo', 'lifo', 'hifo');
const interval = fc.constantFrom('minute', 'hour', 'day', 'week', 'month', 'year');
const benchmark = fc.constantFrom('C1/KRW', 'BTC/KRW');
const asset = fc.constantFrom('C1', 'LOTS', 'KRW');
const span = { from, to, tz, costMethod };

const searches = fc.oneof(
  get(
    '/v1/portfolios/:id/trades',
    queryOf({
      q: longText(130),
      limit,
      sort: fc.constantFrom('time', 'value', 'pnl', 'fee', 'symbol', 'quantity', 'price'),
      order: fc.constantFrom('asc', 'desc'),
      tag: longText(40),
      symbol: benchmark,
      count: fc.constant('true'),
      cursor: longText(900),
      from,
      to,
    }),
  ),
  get('/v1/portfolios/:id/trades/stats', queryOf({ q: longText(130), from, to })),
  get('/v1/portfolios/:id/transfers', queryOf({ limit, cursor: longText(900), from, to })),
  get('/v1/portfolios/:id/trades.csv', queryOf({ q: longText(100), lang: fc.constant('ko'), from })),
  get('/v1/portfolios', queryOf({ limit, cursor: longText(900) })),
);

const looksBack = fc.oneof(
  get(
    '/v1/portfolios/:id/series',
    queryOf({
      ...span,
      interval,
      every: fc.constantFrom(1, 60),
      points: fc.constantFrom(3, 5_000),
      benchmark,
    }),
  ),
  get('/v1/portfolios/:id/series.csv', queryOf({ ...span, interval })),
  get('/v1/portfolios/:id/performance', queryOf({ ...span, benchmark })),
  get('/v1/portfolios/:id/pnl/periods', queryOf({ ...span, interval })),
  get('/v1/portfolios/:id/pnl/periods.csv', queryOf({ ...span, interval })),
  get('/v1/portfolios/:id/pnl/explain', queryOf({ asset, costMethod, limit })),
  get('/v1/portfolios/:id/lots', queryOf({ asset, costMethod, limit })),
  get('/v1/portfolios/:id/holdings', queryOf({ costMethod, fields: longText(300) })),
  get('/v1/portfolios/:id/holdings.csv', queryOf({ costMethod })),
  get('/v1/portfolios/:id/allocation', queryOf({ costMethod })),
  get('/v1/portfolios/:id/pnl', queryOf({ costMethod })),
  get('/v1/portfolios/:id', queryOf({})),
);

const lists = (part: (n: number) => string): Arbitrary<string> =>
  upTo(900).map((count) => Array.from({ length: count }, (_, n) => part(n)).join());

const market = fc.oneof(
  get(
    '/v1/streams',
    queryOf({
      channels: fc.oneof(
        lists((n) => `ticker:C${n}/K`),
        lists(() => 'ticker:*'),
        lists((n) => `candle:C${n}/K:1m`),
        longText(2_000),
      ),
      lastEventId: longText(300),
    }),
  ),
  get('/v1/market/tickers', queryOf({ symbols: lists((n) => `C${n}/K`), limit, cursor: longText(500) })),
  get('/v1/market/symbols', queryOf({ limit, q: longText(100) })),
  get(
    '/v1/market/candles',
    queryOf({ symbol: benchmark, interval: fc.constantFrom('1m', '1h', '1d', '1M'), limit, from, to, tz }),
  ),
);

export const COSTLY: Record<string, Arbitrary<CostlyRequest>> = {
  'JSON of any shape': shapedBodies,
  'batches of entries': batches,
  'long texts': singles,
  'files of trades': files,
  'searches and lists': searches,
  'looks back': looksBack,
  'streams and market data': market,
};
