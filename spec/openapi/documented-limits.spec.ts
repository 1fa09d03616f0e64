import assert from 'node:assert/strict';
import { VERSION } from '../../lib/process/package-info.ts';
import { openApiDocument } from '../../openapi/document.ts';
import { API } from '../../openapi/documents.ts';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { bodyBytesOf, type Maximum, maximaOf, type Operation } from '../support/documented-limits.ts';
import type { Schema } from '../support/json-schema.ts';
import { UNLIMITED } from '../support/routes/door.ts';
import { UpbitAccounts } from '../support/upbit-accounts.ts';
import { watch } from '../support/log-watch.ts';

interface Refusal {
  type: string;
  errors?: { pointer?: string; parameter?: string; detail: string }[];
}

interface Answer {
  status: number;
  problem: Refusal | null;
}

const document = JSON.parse(JSON.stringify(openApiDocument(API, VERSION))) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

const OPERATIONS = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    maxima: maximaOf(operation, document.components.schemas),
    bodyBytes: bodyBytesOf(operation),
    hasBody: operation.requestBody !== undefined,
  })),
);

/** Three bytes of UTF-8 each, nine in a URL, and hardly to be compressed. */
function hangul(length: number): string {
  return Array.from({ length }, (_, n) =>
    String.fromCodePoint(0xac00 + ((n * 7_919 + length) % 11_172)),
  ).join('');
}

/** As many programs write it: six bytes for each letter. */
function escaped(body: unknown): string {
  return JSON.stringify(body).replaceAll(
    /[^ -~]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const numbered = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n));
const symbols = (count: number): string =>
  numbered(count, (n) => `A${String(n).padStart(2, '0')}/KRW`).join(',');

/** What is more than text of a length, by the last part of its name: a value of exactly that many characters or items. */
const VALUES: Record<string, (count: number, at: string) => unknown> = {
  email: (count) => `${'a'.repeat(64)}@${`${'b'.repeat(60)}.`.repeat(4).slice(0, count - 69)}.com`,
  symbols: (count) => symbols(count),
  // No name of a time zone is longer than this one.
  tz: (count) => (count > 64 ? hangul(count) : 'America/Argentina/ComodRivadavia'),
  channels: (count) => numbered(count, (n) => `candle:${`A${n}`.padEnd(20, 'X')}/${'Y'.repeat(20)}:15m`),
  allowedIps: (count) =>
    numbered(count, (n) => `2001:db8:ffff:ffff:ffff:ffff:ffff:${(0x1000 + n).toString(16)}/128`),
  scopes: (count) => ['read', 'trades:write', 'market:write', 'admin', 'read'].slice(0, count),
  tags: (count) => numbered(count, (n) => `${hangul(46)}${String(n).padStart(4, '0')}`),
  apiKey: (count) => 'A'.repeat(count),
  secret: (count) => 'A'.repeat(count),
  passphrase: (count) => 'A'.repeat(count),
  // Ten words at most: with the spaces between them.
  q: (count) => (count > 20 ? hangul(count) : numbered(count, (n) => hangul(12 + n)).join(' ')),
};

/** Maxima that no value can reach, since its form allows less. */
const SHORTER: Record<string, string> = {
  'allowedIps/*': 'the longest range has 49 characters',
  'channels/*': 'the longest channel has 52 characters',
};

/** What is refused for what it is, not for its size: garbage where only the server's own text will do. */
const GARBAGE: Record<string, string> = {
  cursor: '/problems/invalid-cursor',
  token: '/problems/unauthorized',
  refreshToken: '/problems/unauthorized',
  // Of files only: rates of a JSON body say the zone themselves.
  tz: '/problems/invalid-request',
};

const TIME = '2026-03-02T09:00:00.000Z';
const TRADE = {
  externalId: 'upbit-0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80',
  exchange: 'upbit',
  symbol: 'BTC/KRW',
  side: 'buy',
  quantity: '0.015',
  price: '89886000',
  fee: { amount: '674.145', currency: 'KRW' },
  time: TIME,
  orderId: '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80',
  type: 'limit',
  note: '분할 매수 '.repeat(10),
  tags: ['분할', '장기'],
};
const TRANSFER = {
  kind: 'deposit',
  asset: 'KRW',
  quantity: '1000',
  time: TIME,
  note: '입금',
  tags: ['급여'],
};
const TICK = { symbol: 'BTC/KRW', price: '89886000', quantity: '0.015', side: 'buy' };
const CANDLE = {
  symbol: 'BTC/KRW',
  interval: '1d',
  time: Date.parse('2026-03-01'),
  open: '1',
  high: '1',
  low: '1',
  close: '1',
};
/** A body of each operation that takes one, as it is usually sent. */
const BODIES: Record<string, Record<string, unknown>> = {
  login: { email: 'a@b.co', password: 'x' },
  refresh: { refreshToken: 'x'.repeat(20) },
  register: { email: 'a@b.co', password: TEST_PASSWORD, name: 'x' },
  changePassword: { currentPassword: 'x', newPassword: TEST_PASSWORD },
  createUser: { email: 'a@b.co', password: TEST_PASSWORD, name: 'x' },
  updateUser: { name: 'x' },
  createApiKey: { name: 'x', scopes: ['read'], allowedIps: [], requestsPerMinute: 1 },
  createPortfolio: { name: 'x' },
  updatePortfolio: { name: 'x' },
  putShare: { email: 'a@b.co', access: 'read' },
  connectAccount: { exchange: 'upbit', label: 'x', credentials: { apiKey: 'x', secret: 'x' } },
  updateAccount: { label: 'x', credentials: { apiKey: 'x', secret: 'x' } },
  bookTrades: TRADE,
  changeTrade: { orderId: 'x', note: 'x', tags: [] },
  bookEntries: TRANSFER,
  acceptDiscrepancyProposal: { proposal: 'correction' },
  joinEntry: { depositId: '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80' },
  changeEntry: { kind: 'deposit', note: 'x', tags: [] },
  bookTransfers: TRANSFER,
  changeTransfer: { note: 'x', tags: [] },
  settleDecision: { option: 'income' },
  saveImportMapping: {
    name: 'x',
    columns: { time: 'a', quantity: 'b', asset: 'c' },
    kinds: Object.fromEntries(
      numbered(100, (n) => [`${hangul(47)}${String(n).padStart(3, '0')}`, 'deposit']),
    ),
    exchange: 'x',
  },
  pushTicks: TICK,
  loadCandles: CANDLE,
  loadRates: { symbol: 'USD/KRW', rate: '1400', time: '2024-01-01T00:00:00Z' },
  requestBackfill: { symbol: 'BTC/KRW', from: '2024-01-01T00:00:00Z' },
  createStreamSubscription: { channels: ['ticker:*'] },
};
/** What a query needs besides. */
const QUERIES: Record<string, Record<string, string>> = {
  listCandles: { symbol: 'BTC/KRW', interval: '1d' },
  openStream: { channels: 'ticker:*' },
  explainPnl: { asset: 'BTC' },
  listFigureEntries: { figure: 'fees' },
};
/** Said of the query without that. */
const WITHOUT: Record<string, string> = { 'explainPnl At most': 'asset' };
/**
 * Refusals that say that the query and the body were valid: nobody has such an e-mail address, an
 * exchange does not take such a key, or a file is missing.
 */
const UNDERSTOOD = [401, 404, 409, 415, 422, 426];

describe('every maximum of the API document', function () {
  this.timeout(120_000);
  let app: TestApp;
  let admin: TestUser;
  let ids: Record<string, string>;
  let upbit: UpbitAccounts;

  before(async () => {
    upbit = await new UpbitAccounts().start();
    app = await startApp({
      env: {
        ...UNLIMITED,
        ...upbit.env,
        REGISTRATION: 'open',
        TAGS_PER_ENTRY: '100',
        TAGS_PER_PORTFOLIO: '100000',
      },
    });
    admin = await app.user('admin');
    const make = async (path: string, body: unknown): Promise<string> => {
      const answer = await app.call('POST', path, { as: admin, body });
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      return answer.body.id;
    };
    const portfolioId = await make('/v1/portfolios', { name: 'Mine' });
    const path = `/v1/portfolios/${portfolioId}`;
    ids = {
      portfolioId,
      tradeId: await make(`${path}/trades`, TRADE),
      transferId: await make(`${path}/transfers`, TRANSFER),
      entryId: await make(`${path}/entries`, TRANSFER),
      userId: (await app.user()).id,
      keyId: portfolioId,
      decisionId: portfolioId,
      matchId: `${portfolioId}.${portfolioId}`,
      discrepancyId: `${portfolioId}.BTC.1767225600000`,
      accountId: await make(`${path}/accounts`, upbit.input),
    };
    await make('/v1/import-mappings', { ...BODIES['saveImportMapping'], name: hangul(100) });
  });
  after(async () => {
    // What was sent as passwords is in logs as other things.
    watch.take();
    await app.close();
    await upbit.stop();
  });

  /** Only the head is read of what is no problem: a stream would not end. */
  async function send(
    { id, method, path }: { id: string; method: string; path: string },
    query: Record<string, string>,
    body?: unknown,
  ): Promise<Answer> {
    const where = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? name);
    const search = new URLSearchParams({ ...QUERIES[id], ...query });
    for (const [name, value] of Array.from(search)) if (value === '') search.delete(name);
    if (id === 'openPnlStream') search.set('portfolioId', ids['portfolioId'] ?? '');
    const abort = new AbortController();
    const response = await fetch(`${app.url}${where}?${String(search)}`, {
      method,
      headers: {
        ...(search.has('token') ? {} : { authorization: admin.authorization }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: abort.signal,
    });
    const isProblem = response.headers.get('content-type') === 'application/problem+json';
    const problem = isProblem ? ((await response.json()) as Refusal) : null;
    if (!isProblem) abort.abort();
    return { status: response.status, problem };
  }

  const nameOf = (at: string): string => at.replace(/\/\*$/, '').split('/').at(-1) ?? '';

  /** A value that goes to the maximum, or beyond it by one. */
  function valueOf({ at, keyword, value, schema }: Maximum, beyond = 0): unknown {
    const count = value + beyond;
    if (keyword === 'maximum' || schema['type'] === 'integer') return count;
    const isItem = at.endsWith('/*');
    const special = isItem ? undefined : VALUES[nameOf(at)];
    if (special !== undefined) return special(count, at);
    if (keyword === 'maxItems') return numbered(count, () => schema);
    return isItem || GARBAGE[nameOf(at)] === undefined ? hangul(count) : 'A'.repeat(count);
  }

  function assertTaken({ status, problem }: Answer, about: string, garbage?: string): void {
    const said = `${about} → ${status} ${JSON.stringify(problem)}`;
    if (status < 400 || UNDERSTOOD.includes(status)) return;
    if (problem?.errors?.every(({ detail }) => detail.endsWith('is not the current password.')) === true)
      return;
    assert.equal(problem?.type, garbage, said);
  }

  function assertRefused({ status, problem }: Answer, { at }: Maximum, about: string): void {
    const said = `${about} → ${status} ${JSON.stringify(problem)}`;
    assert.equal(problem?.type, '/problems/invalid-request', said);
    const named = (problem.errors ?? []).map(({ pointer, parameter }) => pointer ?? parameter ?? '');
    const pattern = new RegExp(`^${at.replaceAll('*', '\\d+')}$`);
    assert.ok(
      named.some((name) => pattern.test(name)),
      said,
    );
  }

  it('is found by this test, wherever a body or a query is taken', () => {
    // A file of trades has a test of its own.
    const stated = OPERATIONS.filter(({ id, hasBody }) => hasBody && id !== 'importTrades');
    assert.deepEqual(stated.map(({ id }) => id).sort(), Object.keys(BODIES).sort());
    assert.ok(OPERATIONS.flatMap(({ maxima }) => maxima).length > 120);
  });

  for (const operation of OPERATIONS) {
    for (const maximum of operation.maxima.filter(({ place }) => place === 'query')) {
      const { at, keyword, value } = maximum;
      const about = `${operation.method} ${operation.path} ?${at} ${keyword} ${value}`;
      it(`can be reached, and not passed: ${about}`, async () => {
        const without = WITHOUT[`${operation.id} ${keyword}`];
        const rest = without === undefined ? {} : { [without]: '' };
        const body = BODIES[operation.id];
        const taken = await send(operation, { ...rest, [at]: String(valueOf(maximum)) }, body);
        if (SHORTER[at] === undefined) assertTaken(taken, about, GARBAGE[at]);
        // Nobody is let in to be told more.
        if (at === 'token') return;
        const query = { ...rest, [at]: String(valueOf(maximum, 1)) };
        assertRefused(await send(operation, query, body), maximum, about);
      });
    }

    const { bodyBytes, hasBody } = operation;
    if (hasBody) {
      it(`says how large a body may be, to the byte: ${operation.method} ${operation.path}`, async () => {
        assert.ok(bodyBytes !== null);
        // A file of trades has a test of its own.
        if (operation.id === 'importTrades') return;
        const body = JSON.stringify(BODIES[operation.id] ?? {});
        const padding = bodyBytes - Buffer.byteLength(body);
        const whole = body + ' '.repeat(padding);
        assertTaken(
          await send(operation, {}, whole),
          operation.id,
          GARBAGE[Object.keys(BODIES[operation.id] ?? {})[0] ?? ''],
        );
        const { status, problem } = await send(operation, {}, `${whole} `);
        assert.deepEqual([status, problem?.type], [413, '/problems/payload-too-large']);
      });
    }

    const inBody = operation.maxima.filter(({ place, at }) => place === 'body' && !at.startsWith('/items'));
    if (inBody.length === 0) continue;
    const usual = BODIES[operation.id] ?? {};
    const set = (
      body: Record<string, unknown>,
      maximum: Maximum,
      value: unknown,
    ): Record<string, unknown> => {
      const [, name = '', inner] = maximum.at.split('/');
      if (inner === undefined) return { ...body, [name]: value };
      if (inner === '*') return { ...body, [name]: [value] };
      return { ...body, [name]: Object.assign({}, body[name], { [inner]: value }) };
    };
    it(`can be reached, all of one body at once: ${operation.method} ${operation.path}`, async () => {
      const most = inBody
        .filter(({ at }) => !at.endsWith('/*'))
        .reduce((body, maximum) => set(body, maximum, valueOf(maximum)), usual);
      const garbage = GARBAGE[Object.keys(usual)[0] ?? ''];
      const about = JSON.stringify(most).slice(0, 200);
      assertTaken(await send(operation, {}, most), about, garbage);
      // The same again is the same, or a conflict.
      assertTaken(await send(operation, {}, escaped(most)), about, garbage);
      // In an order of its own, so that a list within is as long as its items are.
      for (const maximum of inBody.filter(({ at }) => SHORTER[at.slice(1)] === undefined)) {
        const at = `${operation.path} ${maximum.at}`;
        assertTaken(
          await send(operation, {}, set(usual, maximum, valueOf(maximum))),
          at,
          GARBAGE[nameOf(maximum.at)],
        );
      }
    });
    it(`cannot be passed: ${operation.method} ${operation.path}`, async () => {
      for (const maximum of inBody) {
        const body = set(usual, maximum, valueOf(maximum, 1));
        assertRefused(await send(operation, {}, body), maximum, `${operation.path} ${maximum.at}`);
      }
    });
  }
});
