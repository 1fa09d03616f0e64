import { z } from 'zod';
import type { FailureCode } from '../../../lib/exchanges/account-failure.ts';
import { decimal, fixed } from '../../../lib/money/money.ts';
import type { AccountAdapter, AdapterOptions, KeyFacts } from './adapter.ts';
import { asker, id, number } from './answers.ts';
import { CcxtClient, type Refusal, type SignedRequest } from './ccxt-client.ts';
import { type CoinoneLimits, completedOrders, transactions } from './coinone-history.ts';
import { coinoneSignature, coinoneStream } from './coinone-stream.ts';
import { windowedPage } from './windows.ts';

/** Coinone's maximum number of rows in a page, and how many pages of a window to read before dividing it. */
const LIMITS: CoinoneLimits = { rows: 100, pages: 20 };
/** How long before a fill that the stream announced to look for it: clocks of its parts may differ. */
const BEFORE_MS = 60_000;
/** The stream states times in seconds. */
const SECOND_MS = 1_000;

/** The permissions that a key needs, as named on the page where keys are created. */
const RIGHTS = {
  v2_1PrivatePostAccountBalanceAll: 'balances (잔고 조회)',
  v2_1PrivatePostOrderCompletedOrdersAll: 'orders (주문 조회)',
  v2_1PrivatePostTransactionCoinHistory: 'deposits and withdrawals (입출금 조회)',
  v2_1PrivatePostTransactionKrwHistory: 'deposits and withdrawals (입출금 조회)',
};
/** ccxt has `complete_orders`, which Coinone does not. */
const ENDPOINTS = { v2_1Private: { post: { 'order/completed_orders/all': { cost: 1 } } } };

const balancesSchema = z.object({
  balances: z.array(z.object({ currency: z.string(), available: number, limit: number })),
});
const errorSchema = z.object({ error_code: id });

/** Coinone, by version 2.1 of its API: fills and movements by time, newest first. */
export async function openCoinone(
  { credentials, url }: AdapterOptions,
  limits: CoinoneLimits = LIMITS,
): Promise<AccountAdapter> {
  const secret = credentials.secret ?? '';
  const client = await CcxtClient.open({
    exchange: 'coinone',
    credentials,
    url,
    endpoints: ENDPOINTS,
    resign: (request) => resigned(request, secret),
    reasonOf: (body) => errorSchema.safeParse(body).data?.error_code ?? null,
    classify,
  });
  const ask = asker(client, RIGHTS);
  const fills = completedOrders(ask, limits);
  const movements = {
    'coin-transactions': transactions(ask, 'v2_1PrivatePostTransactionCoinHistory', limits),
    'krw-transactions': transactions(ask, 'v2_1PrivatePostTransactionKrwHistory', limits),
  };

  async function balances(): Promise<Record<string, string>> {
    const { balances: all } = await ask(balancesSchema, 'v2_1PrivatePostAccountBalanceAll');
    return Object.fromEntries(
      all.map(({ currency, available, limit }) => [currency, decimal(fixed(available) + fixed(limit))]),
    );
  }

  async function inspect(): Promise<KeyFacts> {
    // A key's permissions are not listed, so each is tried.
    await balances();
    const now = client.now();
    for (const history of [fills, ...Object.values(movements)]) await history.read(now - SECOND_MS, now);
    return { permissions: { trade: null, withdraw: null }, expiresAt: null };
  }

  return {
    sources: ['fills', ...Object.keys(movements)],
    inspect,
    async page(source, cursor, now) {
      if (source === 'fills') return await windowedPage(cursor, now, fills);
      const history = Object.entries(movements).find(([name]) => name === source)?.[1];
      if (history === undefined) throw new RangeError(`Coinone has no ${source}`);
      return await windowedPage(cursor, now, history);
    },
    balances,
    live: {
      stream: coinoneStream({ credentials, url }, { now: () => client.now() }),
      fills: {
        source: 'fills',
        async read(cursor, hints) {
          const times = hints.map(({ at = 0 }) => at);
          const from = Math.min(...times) - BEFORE_MS;
          const { rows } = await fills.read(from, Math.max(...times) + SECOND_MS);
          const wanted = new Set(hints.map(({ fill }) => fill));
          const entries = fills.entriesOf(rows.filter(({ trade_id: trade }) => wanted.has(trade)));
          const found = new Set(entries.map(({ externalId }) => externalId));
          return { entries, cursor, missing: hints.filter(({ fill }) => !found.has(fill)) };
        },
      },
    },
  };
}

/** ccxt signs by the secret in capitals, as version 2 of the API wants it; 2.1 takes it as it is. */
function resigned(request: SignedRequest, secret: string): SignedRequest {
  const payload = request.headers?.['X-COINONE-PAYLOAD'];
  if (payload === undefined) return request;
  const signature = coinoneSignature(payload, secret);
  return { ...request, headers: { ...request.headers, 'X-COINONE-SIGNATURE': signature } };
}

function classify({ reason }: Refusal): FailureCode | null {
  switch (reason) {
    case '11':
    case '12':
    case '23':
    case '27':
    case '121':
    case '123':
    case '151':
      return 'key-rejected';
    case '10':
      return 'address-not-allowed';
    case '40':
      return 'permission-missing';
    // Also the answer to too many requests, for ten minutes.
    case '4':
      return 'banned';
    case '429':
      return 'rate-limited';
    default:
      return null;
  }
}
