/** One request that is meant to be as expensive as possible. */
export interface StallRequest {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

export interface StallCase {
  /** The kind of request: one row of the table. */
  kind: string;
  name: string;
  /** @param round counts from 0: for what must differ from one time to the next */
  request(portfolio: string, round: number): StallRequest;
  /** A read that must be answered: an older entry is booked first, so that nothing it needs is remembered. */
  isRead?: boolean;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const KIB = 1_024;
/** The maximum of a batch. */
const ITEMS = 1_000;
/** The maximum size of a valid batch. */
const BATCH_KIB = 1_024;
const MINUTE_MS = 60_000;
const EPOCH = Date.UTC(2026, 0, 1);
const LEDGER_EPOCH = Date.UTC(2024, 0, 1);
/** Trades of the ledger that is read. */
const LARGE = 24_000;
/** Of them, purchases of one asset. */
const LARGE_LOTS = 10_000;

const post = (path: string, body: unknown): StallRequest => ({
  method: 'POST',
  path,
  headers: JSON_TYPE,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

function trades(round: number, more: (n: number) => object = () => ({})): object[] {
  return Array.from({ length: ITEMS }, (_, n) => ({
    externalId: `stall-${round}-${n}`,
    exchange: 'upbit',
    symbol: `C${n % 300}/KRW`,
    side: 'buy',
    quantity: '0.123456789012345678',
    price: '89886000.123456789012345678',
    fee: { amount: '674.145', currency: 'KRW' },
    time: EPOCH + n * MINUTE_MS,
    ...more(n),
  }));
}

const candles = (symbol: string): object[] =>
  Array.from({ length: ITEMS }, (_, n) => ({
    symbol,
    interval: '1m',
    time: EPOCH + n * MINUTE_MS,
    open: '1',
    high: '2',
    low: '1',
    close: '2',
    volume: '1',
  }));

const ticks = (symbolOf: (n: number) => string): object[] =>
  Array.from({ length: ITEMS }, (_, n) => ({
    symbol: symbolOf(n),
    price: String(100 + (n % 7)),
    quantity: '1',
  }));

const filled = (part: string, kib: number): string =>
  Array.from({ length: Math.floor((kib * KIB) / (part.length + 1)) }, () => part).join();

/** Batches, valid and invalid. */
function batches(): StallCase[] {
  const kind = 'JSON batch';
  const at = (portfolio: string): string => `${portfolio}/trades`;
  const bad: [string, string][] = [
    ['empty items', JSON.stringify({ items: Array.from({ length: ITEMS }, () => ({})) })],
    [
      'all fields wrong',
      JSON.stringify({ items: trades(0, () => ({ symbol: 1, side: 1, price: 1, time: 'x', fee: 1 })) }),
    ],
    ['many unknown keys', `{"items":[{${filled('"k":1', 200)}}]}`],
    ['keys that differ', `{"items":[{${Array.from({ length: 28_000 }, (_, n) => `"k${n}":1`).join()}}]}`],
    ['objects', `{"items":[${filled('{}', BATCH_KIB - 1)}]}`],
    ['arrays', `{"items":[${filled('[]', BATCH_KIB - 1)}]}`],
    ['as many parts as may be', `{"items":[${filled('{}', 80)}]}`],
    ['white space', `{"items":${' '.repeat((BATCH_KIB - 1) * KIB)}[]}`],
    ['nested', `{"items":${'['.repeat(500 * KIB)}${']'.repeat(500 * KIB)}}`],
    ['a long number', `{"items":[1${'0'.repeat((BATCH_KIB - 1) * KIB)}]}`],
    ['a long string', `{"items":["${'x'.repeat((BATCH_KIB - 1) * KIB)}"]}`],
    ['escapes', `{"items":["${'\\u0061'.repeat(170 * KIB)}"]}`],
    ['a prototype among many', `{"items":[${filled('{}', 80)},{"__proto__":1}]}`],
    ['no JSON at the end', `{"items":[${filled('{}', 80)},`],
    ['more than may be', `{"items":[${' '.repeat(9 * KIB * KIB)}]}`],
  ];
  return [
    { kind, name: 'trades', request: (portfolio, round) => post(at(portfolio), { items: trades(round) }) },
    {
      kind,
      name: 'trades with long notes and tags',
      request: (portfolio, round) =>
        post(at(portfolio), {
          items: trades(round, () => ({
            externalId: undefined,
            note: 'ﷺ'.repeat(120),
            tags: Array.from({ length: 20 }, (_, n) => `tag ${n}`),
          })),
        }),
    },
    {
      kind,
      name: 'trades that are there',
      request: (portfolio) => post(at(portfolio), { items: trades(0) }),
    },
    {
      kind,
      name: 'trades, the last one bad',
      request: (portfolio, round) => post(at(portfolio), { items: [...trades(round).slice(1), {}] }),
    },
    {
      kind,
      name: 'transfers',
      request: (portfolio, round) =>
        post(`${portfolio}/transfers`, {
          items: Array.from({ length: ITEMS }, (_, n) => ({
            externalId: `stall-${round}-${n}`,
            kind: 'deposit',
            asset: `C${n % 300}`,
            quantity: '1.5',
            unitCost: '2',
            time: EPOCH + n * MINUTE_MS,
          })),
        }),
    },
    {
      kind,
      name: 'candles',
      request: (_, round) => post('/v1/market/candles', { items: candles(`S${round}/KRW`) }),
    },
    {
      kind,
      name: 'ticks of one symbol',
      request: () => post('/v1/market/ticks', { items: ticks(() => 'BTC/KRW') }),
    },
    {
      kind,
      name: 'ticks of many symbols',
      request: () => post('/v1/market/ticks', { items: ticks((n) => `C${n % 300}/KRW`) }),
    },
    ...bad.map(([name, body]): StallCase => ({
      kind: 'JSON batch, refused',
      name,
      request: (portfolio) => post(at(portfolio), body),
    })),
  ];
}

/** Bodies of endpoints that take one item. */
function bodies(): StallCase[] {
  const kind = 'JSON body';
  const size = 15 * KIB;
  return [
    {
      kind,
      name: 'a name that NFKC expands',
      request: () => post('/v1/portfolios', { name: 'ﷺ'.repeat(size / 3 - 10) }),
    },
    {
      kind,
      name: 'keys that differ',
      request: () =>
        post('/v1/portfolios', Object.fromEntries(Array.from({ length: 1_500 }, (_, n) => [`k${n}`, n]))),
    },
    { kind, name: 'nested', request: () => post('/v1/portfolios', '['.repeat(size)) },
    {
      kind,
      name: 'a log-in by anybody',
      request: () => post('/v1/auth/login', { email: `${'a'.repeat(size)}@b.c`, password: 'x' }),
    },
    {
      kind,
      name: 'an e-mail that backtracks',
      request: () =>
        post('/v1/auth/register', {
          email: `${'a.'.repeat(120)}@${'a-'.repeat(120)}`,
          password: 'x'.repeat(100),
          name: 'x',
        }),
    },
    {
      kind,
      name: 'compressed',
      request: (portfolio) => ({
        method: 'POST',
        path: `${portfolio}/trades`,
        headers: { ...JSON_TYPE, 'content-encoding': 'gzip' },
        body: Buffer.alloc(8 * KIB),
      }),
    },
    {
      kind,
      name: 'a trade with all it may have',
      request: (portfolio) =>
        post(`${portfolio}/trades`, {
          ...trades(0)[0],
          note: 'ﷺ'.repeat(1_000),
          tags: Array.from({ length: 20 }, () => 'ﷺ'.repeat(50)),
          externalId: undefined,
        }),
    },
  ];
}

/** Files of trades, valid and invalid. */
function files(): StallCase[] {
  const heading = 'time,exchange,symbol,side,quantity,price,feeAmount,feeCurrency,externalId,note,tags\n';
  const korean = '아침에 샀다가 저녁에 팔았다. '.repeat(60);
  const trade = (n: number, round: number, { assets = 300, note = '' } = {}): string =>
    `${new Date(EPOCH + n * MINUTE_MS).toISOString()},upbit,C${n % assets}/KRW,buy,0.5,89886000,674.145,KRW,file-${round}-${n},${note},\n`;
  const rows = (count: number, row: (n: number) => string): string =>
    heading + Array.from({ length: count }, (_, n) => row(n)).join('');
  const all: [string, (round: number) => string, string?][] = [
    ['5,000 trades', (round) => rows(5_000, (n) => trade(n, round))],
    ['trades that are there', () => rows(5_000, (n) => trade(n, 0))],
    ['a dry run', (round) => rows(5_000, (n) => trade(n, round)), '?dryRun=true'],
    [
      'trades of one instant without an id',
      () => rows(5_000, (n) => `2026-02-01T00:00:00Z,,C1/KRW,buy,${n + 1},1,,,,,\n`),
    ],
    ['long Korean notes', (round) => rows(2_000, (n) => trade(n, round, { note: korean }))],
    ['notes that NFKC expands', (round) => rows(2_000, (n) => trade(n, round, { note: 'ﷺ'.repeat(55) }))],
    ['too many symbols', (round) => rows(5_000, (n) => trade(n, round, { assets: 3_000 }))],
    ['line breaks', () => heading + '\n'.repeat(240_000)],
    ['line breaks after a trade', (round) => heading + trade(1, round) + '\n'.repeat(240_000)],
    ['line breaks in quotes', (round) => heading + `"${'\n'.repeat(130_000)}"\n` + trade(1, round)],
    [
      'carriage returns',
      (round) => (heading + trade(1, round)).replaceAll('\n', '\r') + '\r'.repeat(240_000),
    ],
    ['ragged rows', () => rows(60_000, (n) => `${','.repeat(n % 30)}\n`)],
    ['rows of commas', () => rows(2_000, () => `${','.repeat(499)}\n`)],
    ['one row of commas', () => heading + ','.repeat(8 * KIB * KIB)],
    ['a quote that is not closed', () => `${heading}"${'x'.repeat(8 * KIB * KIB)}`],
    ['quotes', () => rows(10_000, () => `"${'""'.repeat(200)}"\n`)],
    ['no headings', () => 'x,y,z\n'.repeat(100_000)],
    ['bytes that are no text', () => '\u0000'.repeat(KIB * KIB)],
  ];
  const file = (name: string, query: string, body: (round: number) => string | Uint8Array): StallCase => ({
    kind: 'Files of trades',
    name,
    request: (portfolio, round) => ({
      method: 'POST',
      path: `${portfolio}/trades/import${query}`,
      headers: { 'content-type': 'text/csv' },
      body: body(round),
    }),
  });
  return [
    ...all.map(([name, body, query = '?skipRejected=true']) => file(name, query, body)),
    file('5,000 trades in UTF-16', '?skipRejected=true', (round) =>
      Buffer.from(`\uFEFF${rows(5_000, (n) => trade(n, round))}`, 'utf16le'),
    ),
    file('zero bytes that are UTF-16', '?skipRejected=true', () =>
      Buffer.from(`\uFEFF${heading}${'\n'.repeat(4 * KIB * KIB)}`, 'utf16le'),
    ),
  ];
}

/** Headers close to the maximum length. */
function headers(): StallCase[] {
  const long = (part: string): string => part.repeat(Math.floor((13 * KIB) / part.length));
  const all: [string, string][] = [
    ['If-None-Match', long('W/"x", ')],
    ['If-None-Match', long('"')],
    ['Accept', long('a/b;q=0.1, ')],
    ['Accept', `${long('a')}/ `],
    ['Accept-Encoding', long('x;q=0.1,')],
    ['Authorization', `Bearer ${long('a')}`],
    ['Authorization', `Bearer ${long('.')}`],
    ['Cookie', long('a=b; ')],
    ['Cookie', `${long(' ')}marktide_access`],
    ['Content-Type', long('; a=b')],
    ['X-Forwarded-For', long('1.1.1.1, ')],
    ['X-API-Key', long('k')],
    ['traceparent', long('0')],
    ['Origin', `http://${long('a.')}`],
    ['Last-Event-ID', long('m.1~')],
    ['Last-Event-ID', long('~')],
  ];
  return all.map(([name, value]) => ({
    kind: 'Headers',
    name: `${name}: ${value.slice(0, 12)}…`,
    request: () => ({
      method: name === 'Content-Type' ? 'POST' : 'GET',
      path: name === 'Content-Type' ? '/v1/portfolios' : '/v1/market/tickers',
      headers: { [name]: value },
    }),
  }));
}

/** Query strings close to the maximum length. */
function queries(): StallCase[] {
  const long = (part: string): string => part.repeat(Math.floor((7 * KIB) / part.length));
  const list = Array.from({ length: 1_000 }, (_, n) => `C${n}/K`).join();
  const all: [string, string][] = [
    ['parameters', `/v1/portfolios?${long('a&')}`],
    ['values of one parameter', `/v1/portfolios?${'limit=1&'.repeat(63)}x=${long('x')}`],
    ['escapes', `/v1/portfolios?${long('%25')}`],
    ['symbols of tickers', `/v1/market/tickers?symbols=${list}`],
    [
      'channels of a stream',
      `/v1/streams?channels=${Array.from({ length: 450 }, (_, n) => `ticker:C${n}/KRW`).join()}`,
    ],
    ['a cursor', `/v1/portfolios?cursor=${long('W1tb')}`],
    ['a path', `/v1/portfolios/${long('a')}/trades`],
    ['a path of many parts', `/v1/${long('a/')}`],
  ];
  return all.map(([name, path]) => ({
    kind: 'Query strings',
    name,
    request: () => ({ method: 'GET', path }),
  }));
}

/** What the reads are about: trades of many assets, one asset of very many lots, and a withdrawal that takes them all. */
export function largeLedger(portfolio: string): StallRequest[] {
  const heading = 'time,symbol,side,quantity,price,feeAmount,feeCurrency,externalId,note\n';
  const row = (n: number, symbol: string, side: string, quantity: string): string =>
    `${new Date(LEDGER_EPOCH + n * 30 * MINUTE_MS).toISOString()},${symbol},${side},${quantity},${1_000 + (n % 977)},1.5,KRW,large-${n},아침에 산 비트코인 ${n}\n`;
  const rows = Array.from({ length: LARGE }, (_, n) =>
    n < LARGE_LOTS
      ? row(n, 'LOTS/KRW', 'buy', '0.123456789')
      : row(n, `C${n % 300}/KRW`, n % 9 === 8 ? 'sell' : 'buy', n % 9 === 8 ? '0.01' : '0.5'),
  );
  const sale = row(LARGE, 'LOTS/KRW', 'sell', String(0.1 * LARGE_LOTS));
  return [
    {
      method: 'POST',
      path: `${portfolio}/trades/import`,
      headers: { 'content-type': 'text/csv' },
      body: heading + rows.join('') + sale,
    },
  ];
}

/** Responses about a large portfolio. */
function reads(): StallCase[] {
  const q = encodeURIComponent;
  const all = [
    '/entries?limit=1000',
    '/entries.csv',
    '/trades.csv?sort=pnl',
    '/transfers/matches?limit=1000',
    '/decisions?limit=1000',
    '/accounts',
    '/discrepancies',
    '/trades?limit=1000',
    '/trades?limit=1000&sort=pnl',
    // The maximum number of search words.
    `/trades?q=${q('ﷺ ﷺ')}`,
    `/trades?q=${q('a b c d e f g h')}&count=true`,
    '/trades/stats',
    '/trades.csv',
    '/transfers?limit=1000',
    '',
    '/holdings',
    `/holdings?fields=${q('asset,quantity,'.repeat(30))}`,
    '/holdings?costMethod=fifo',
    '/holdings.csv',
    '/allocation',
    '/pnl',
    '/pnl?costMethod=fifo',
    '/lots?limit=1000',
    '/lots?asset=C1&limit=1000&costMethod=fifo',
    '/lots?asset=LOTS&limit=1000&costMethod=fifo',
    '/pnl/explain?asset=C1&limit=1000',
    '/pnl/explain?asset=LOTS&limit=1000&costMethod=fifo',
    '/pnl/explain?costMethod=hifo',
    '/pnl/periods?interval=day',
    // The maximum number of periods.
    '/pnl/periods?interval=day&from=2023-06-01T00:00:00Z&to=2026-02-01T00:00:00Z',
    '/series?interval=hour',
    '/series?interval=minute&from=2026-01-01T00:00:00Z&to=2026-01-04T00:00:00Z',
    '/series?points=1000&metric=pnl',
    '/series.csv?points=1000',
    '/pnl/periods.csv?interval=day',
    '/performance',
    '/performance?from=1970-01-01T00:00:00Z&benchmark=BTC/KRW',
    '/performance?costMethod=lifo',
  ];
  return all.map((path) => ({
    kind: 'Reads of a large portfolio',
    name: path.length > 40 ? `${path.slice(0, 40)}…` : path || 'the portfolio',
    request: (portfolio) => ({ method: 'GET', path: portfolio + path }),
    isRead: true,
  }));
}

function marketReads(): StallCase[] {
  return [
    '/v1/market/tickers?limit=1000',
    '/v1/market/symbols?limit=1000',
    '/v1/market/candles?symbol=S0/KRW&interval=1m&limit=1000&from=2026-01-01T00:00:00Z',
    '/v1/market/rates?asset=BTC&currency=KRW',
    '/v1/portfolios?limit=1000',
    '/v1/admin/audit?limit=1000',
    '/v1/users?limit=1000',
    '/v1/import-mappings',
    '/v1/auth/sessions',
    '/openapi.json',
    '/metrics',
    '/healthz',
    '/readyz',
    '/docs',
  ].map((path) => ({
    kind: 'Reads',
    name: path.slice(0, 40),
    request: () => ({ method: 'GET', path }),
    isRead: true,
  }));
}

export const STALL_CASES: readonly StallCase[] = [
  ...batches(),
  ...bodies(),
  ...files(),
  ...headers(),
  ...queries(),
  ...reads(),
  ...marketReads(),
];
