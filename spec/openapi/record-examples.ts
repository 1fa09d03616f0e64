import { writeFile } from 'node:fs/promises';
import { ensureDemo } from '../../app/first-start.ts';
import { saveBalances } from '../../db/accounts/account-balances.ts';
import { derivedBalances } from '../../db/accounts/derived-balances.ts';
import { findAccount } from '../../db/accounts/accounts.ts';
import { fixed, ZERO } from '../../lib/money/money.ts';
import { API } from '../../openapi/documents.ts';
import { EXAMPLES_FILE, type Examples, readExamples } from '../../openapi/examples.ts';
import type { Endpoint } from '../../routes/http/endpoint.ts';
import { DEMO_LOGIN } from '../../routes/service/health.ts';
import { UpbitAccounts } from '../support/upbit-accounts.ts';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { closeIdleEngines } from '../support/embedded-engines.ts';

// Writes down what a server answers where openapi/examples.json has nothing yet, or for the operations named:
// `node --import tsx spec/openapi/record-examples.ts [operationId …]`.

const DAY_MS = 86_400_000;
/** Enough to see what is there. */
const ITEMS = 2;
const TEXT = 600;

/** Of what is long or secret only the beginning is of interest. */
const SHORTENED = new Set(['accessToken', 'refreshToken', 'token', 'key', 'x']);

function shortened(value: unknown, key = ''): unknown {
  if (typeof value === 'string') {
    return SHORTENED.has(key) && value.length > 24 ? `${value.slice(0, 16)}…` : value;
  }
  if (Array.isArray(value)) {
    const few = ['items', 'proposals', 'steps', 'warnings'].includes(key) ? value.slice(0, ITEMS) : value;
    return few.map((each) => shortened(each));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shortened(each, name)]));
}

/** Whole lines of a text. */
function beginning(text: string): string {
  if (text.length <= TEXT) return text;
  return text.slice(0, text.lastIndexOf('\n', TEXT) + 1);
}

const queries = (now: number): Record<string, string> => ({
  listTrades: 'limit=2',
  listPnlPeriods: `from=${now - 2 * DAY_MS}`,
  exportPnlPeriods: `from=${now - 2 * DAY_MS}`,
  getSeries: `from=${now - 3 * DAY_MS}`,
  exportSeries: `from=${now - 3 * DAY_MS}`,
  getPerformance: `from=${now - 20 * DAY_MS}`,
  listCandles: `symbol=BTC/KRW&interval=1d&limit=2`,
  getRate: 'asset=BTC&currency=KRW',
  listPremiums: 'symbols=BTC/KRW',
  explainPnl: 'asset=BTC',
  listFigureEntries: 'figure=fees&limit=2',
});

interface Scene {
  app: TestApp;
  upbit: UpbitAccounts;
  admin: TestUser;
  /** Who has the demo portfolio. */
  trader: TestUser;
  ids: Record<string, string>;
}

async function setUp(): Promise<Scene> {
  const upbit = await new UpbitAccounts().start();
  const app = await startApp({
    env: { REGISTRATION: 'open', ...upbit.env },
  });
  await ensureDemo(app.services);
  const admin = await app.user('admin');
  const { body: session } = await app.call('POST', '/v1/auth/login', { body: DEMO_LOGIN });
  const trader: TestUser = {
    ...session,
    id: session.user.id,
    email: DEMO_LOGIN.email,
    authorization: `Bearer ${session.accessToken}`,
  };
  const prices = {
    'BTC/KRW': '150120000',
    'ETH/KRW': '5198000',
    'XRP/KRW': '3911',
    'SOL/KRW': '280400',
    'DOGE/KRW': '321.5',
    'BTC/USDT': '104830',
    'USDT/KRW': '1431',
    'USD/KRW': '1412.5',
  };
  const ticks = Object.entries(prices).map(([symbol, price]) => ({ symbol, price, quantity: '0.01' }));
  await app.call('POST', '/v1/market/ticks', { as: admin, body: { items: ticks } });
  const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const candles = Object.entries(prices).flatMap(([symbol, close]) =>
    Array.from({ length: 30 }, (_, index) => ({
      symbol,
      interval: '1d',
      time: midnight - (index + 1) * DAY_MS,
      open: close,
      high: close,
      low: close,
      close,
    })),
  );
  await app.call('POST', '/v1/market/candles', { as: admin, body: { items: candles } });
  const { body: portfolios } = await app.call('GET', '/v1/portfolios', { as: trader });
  const portfolioId: string = portfolios.items[0].id;
  const first = async (list: string): Promise<string> =>
    (await app.call('GET', `/v1/portfolios/${portfolioId}/${list}`, { as: trader })).body.items[0].id;
  const partner = await app.user();
  await app.call('PUT', `/v1/portfolios/${portfolioId}/shares`, {
    as: trader,
    body: { email: partner.email, access: 'read' },
  });
  const { body: offered } = await app.call('POST', '/v1/portfolios', {
    as: partner,
    body: { name: 'Joint account' },
  });
  await app.call('PUT', `/v1/portfolios/${offered.id}/shares`, {
    as: partner,
    body: { userId: trader.id, access: 'write' },
  });
  await app.call('POST', '/v1/api-keys', { as: trader, body: { name: 'Trading bot', scopes: ['read'] } });
  await app.call('POST', `/v1/portfolios/${portfolioId}/trades/import?tz=UTC`, {
    as: trader,
    body: 'no,time,action_desc,action_data,type,change_amount,amount,total\n1,2026-03-02 09:00:00,Lucky Draw,,XRP,12.5,0,12.5\n',
    headers: { 'content-type': 'text/csv' },
  });
  await app.call('POST', '/v1/import-mappings', {
    as: trader,
    body: {
      name: 'Old exchange',
      exchange: 'old',
      columns: { time: 'Date', symbol: 'Pair', kind: 'Type', quantity: 'Amount', total: 'Total' },
      kinds: { Bought: 'buy', Sold: 'sell' },
    },
  });
  const { body: account } = await app.call('POST', `/v1/portfolios/${portfolioId}/accounts`, {
    as: trader,
    body: upbit.input,
  });
  const discrepancyId = await differing(app, account.id);
  const moved = { asset: 'ETH', quantity: '0.5' };
  await app.call('POST', `/v1/portfolios/${portfolioId}/entries`, {
    as: trader,
    body: {
      items: [
        { ...moved, kind: 'withdrawal', account: 'upbit', time: midnight - DAY_MS },
        { ...moved, kind: 'deposit', account: 'wallet', time: midnight - DAY_MS + 600_000 },
      ],
    },
  });
  const ids = {
    portfolioId,
    decisionId: await first('decisions'),
    tradeId: await first('trades'),
    transferId: await first('transfers'),
    entryId: await first('transfers'),
    accountId: account.id,
    discrepancyId,
    userId: trader.id,
    invitationTo: offered.id,
    slug: 'not-found',
  };
  return { app, upbit, admin, trader, ids };
}

/** A staking reward that no list of the exchange tells of, as it stands after two looks at the account. */
async function differing({ services }: TestApp, accountId: string): Promise<string> {
  const { db, clock } = services;
  await db('exchange_accounts').where({ id: accountId }).update({ paused: true });
  const { portfolio_id: portfolioId } = await db('exchange_accounts').where({ id: accountId }).first();
  const account = await findAccount(db, portfolioId, accountId);
  if (account === null) throw new TypeError('the account is gone');
  const ledgerAmount = (await derivedBalances(db, account)).get('ETH') ?? ZERO;
  const now = clock.now();
  await saveBalances(db, accountId, [
    {
      asset: 'ETH',
      exchangeAmount: ledgerAmount + fixed('0.0042'),
      ledgerAmount,
      checkedAt: now,
      agreedAt: now - DAY_MS,
      differsSince: now - 60_000,
    },
  ]);
  return `${accountId}.ETH.${now - 60_000}`;
}

async function answerTo(endpoint: Endpoint, { app, upbit, admin, trader, ids }: Scene): Promise<unknown> {
  const given: Record<string, string | undefined> =
    endpoint.id === 'acceptInvitation' ? { portfolioId: ids['invitationTo'] } : ids;
  const path = endpoint.path.replaceAll(/:(\w+)/g, (_, name: string) => given[name] ?? name);
  const query = queries(Date.now())[endpoint.id];
  const isAdmins = ['admin', 'market:write'].includes(endpoint.access) || endpoint.id === 'createUser';
  const as = endpoint.access === 'public' ? undefined : isAdmins ? admin : trader;
  let body = endpoint.examples?.request;
  let headers = {};
  if (endpoint.id === 'refresh') body = { refreshToken: trader.refreshToken };
  if (endpoint.id === 'register') body = { email: 'kim@example.com', password: TEST_PASSWORD };
  if (endpoint.id === 'connectAccount') body = { ...upbit.input, label: 'Upbit main' };
  if (endpoint.id === 'putShare') body = { userId: admin.id, access: 'read' };
  if (endpoint.consumes === 'csv') headers = { 'content-type': 'text/csv' };
  const answer = await app.call(
    endpoint.method.toUpperCase(),
    query === undefined ? path : `${path}?${query}`,
    {
      ...(as === undefined ? {} : { as }),
      ...(body === undefined ? {} : { body }),
      headers,
    },
  );
  if (answer.status >= 400) throw new Error(`${endpoint.id}: ${JSON.stringify(answer.body)}`);
  return typeof answer.body === 'string' ? beginning(answer.body) : shortened(answer.body);
}

const named = process.argv.slice(2);
const kept = readExamples();
const scene = await setUp();
const examples: Examples = {};
try {
  // What is read, before anything is written.
  const inOrder = [...API].sort((a, b) => Number(a.method !== 'get') - Number(b.method !== 'get'));
  for (const endpoint of inOrder) {
    const { id, response, produces, path, examples: own } = endpoint;
    const isDocument = path.endsWith('api.json');
    const isShown = response !== null && produces !== 'stream' && !isDocument;
    if (!isShown || own?.response !== undefined) continue;
    const isKept = id in kept && !named.includes(id);
    examples[id] = isKept ? kept[id] : await answerTo(endpoint, scene);
  }
  await writeFile(EXAMPLES_FILE, `${JSON.stringify(examples, null, 2)}\n`);
} finally {
  await scene.app.close();
  await scene.upbit.stop();
  await closeIdleEngines();
}
