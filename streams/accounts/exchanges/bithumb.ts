import { z } from 'zod';
import type { FailureCode } from '../../../lib/exchanges/account-failure.ts';
import type { RawEntry } from '../../../lib/import/reading/format.ts';
import { decimal, fixed, ZERO } from '../../../lib/money/money.ts';
import type { AccountAdapter, AccountPage, AdapterOptions, KeyFacts } from './adapter.ts';
import { asker, id, number, time } from './answers.ts';
import { CcxtClient, type Refusal } from './ccxt-client.ts';
import {
  filledSchema,
  hintedFills,
  type Order,
  orderSchema,
  readFills,
  readFillsSchema,
} from './order-fills.ts';
import { orderStream } from './order-stream.ts';
import { movementSchema, movementsPage } from './paged-movements.ts';
import type { RowState } from './windows.ts';

/** Rows per page. */
const ROWS = 100;
/** Clocks may differ, and an order is listed a little after it was created. */
const OVERLAP_MS = 60_000;
/** Orders whose fills are read per page. */
const ORDERS = 60;
/** The maximum number of open orders to follow. */
const OPEN_ORDERS = 1_000;
/** The maximum number of ids of followed orders that have closed, kept to skip them in the lists. */
const FOLLOWED = 500;

/** The permissions that a key needs, as named on the page where keys are created. */
const RIGHTS = {
  privateGetV1Accounts: 'balances (자산조회)',
  privateGetV1Orders: 'orders (주문조회)',
  privateGetV1Order: 'orders (주문조회)',
  privateGetV1Deposits: 'deposits (입금조회)',
  privateGetV1DepositsKrw: 'deposits (입금조회)',
  privateGetV1Withdraws: 'withdrawals (출금조회)',
  privateGetV1WithdrawsKrw: 'withdrawals (출금조회)',
};
const STREAM = 'wss://ws-api.bithumb.com/websocket/v2/private';

const accountSchema = z.object({ currency: z.string(), balance: number, locked: number });
const keySchema = z.object({ access_key: z.string(), expire_at: time.nullish() });

/**
 * How far the list of a state has been read: the page, and the orders of it and of later ones whose fills
 * have been read.
 */
const listSchema = z.object({
  page: z.int().min(1),
  read: z.array(z.string()),
  /** A later page to read in the current pass. */
  next: z.int().optional(),
});
const ordersCursor = z.object({
  /** What to read next. */
  at: z.enum(['open', 'done', 'cancel']),
  done: listSchema,
  cancel: listSchema,
  /** When the open orders were last listed, epoch milliseconds. */
  since: z.number().optional(),
  open: z.record(z.string(), readFillsSchema),
  followed: z.array(z.string()),
});
type OrdersCursor = z.output<typeof ordersCursor>;
const NOTHING_READ: OrdersCursor = {
  at: 'open',
  done: { page: 1, read: [] },
  cancel: { page: 1, read: [] },
  open: {},
  followed: [],
};

/** Deposits and withdrawals of coins and of won, each with a list of its own. */
const MOVEMENTS = {
  deposits: { kind: 'deposit', method: 'privateGetV1Deposits' },
  'deposits-krw': { kind: 'deposit', method: 'privateGetV1DepositsKrw' },
  withdrawals: { kind: 'withdrawal', method: 'privateGetV1Withdraws' },
  'withdrawals-krw': { kind: 'withdrawal', method: 'privateGetV1WithdrawsKrw' },
} as const;
const SOURCES = ['orders', 'deposits', 'deposits-krw', 'withdrawals', 'withdrawals-krw'] as const;

const errorSchema = z.union([
  z.object({ error: z.object({ name: id }) }).transform(({ error }) => error.name),
  // From the first version of the API.
  z.object({ status: z.string() }).transform(({ status }) => status),
]);

/**
 * Bithumb. Its API is modelled on Upbit's, except that closed orders are listed by state in pages, oldest
 * first. An order that closes late appears in a page that has already been read, so orders are followed by
 * their ids while they are open.
 */
export async function openBithumb(
  { credentials, url }: AdapterOptions,
  rows = ROWS,
): Promise<AccountAdapter> {
  const client = await CcxtClient.open({
    exchange: 'bithumb',
    credentials,
    url,
    reasonOf: (body) => errorSchema.safeParse(body).data ?? null,
    classify,
  });
  const ask = asker(client, RIGHTS);

  async function inspect(): Promise<KeyFacts> {
    const keys = await ask(z.array(keySchema), 'privateGetV1ApiKeys');
    // A key's permissions are not listed, so each is tried.
    await ask(z.array(accountSchema), 'privateGetV1Accounts');
    await listed('wait', 1);
    for (const { method } of Object.values(MOVEMENTS))
      await ask(z.array(movementSchema), method, { limit: 1 });
    const own = keys.find(({ access_key: key }) => key === credentials.apiKey);
    return { permissions: { trade: null, withdraw: null }, expiresAt: own?.expire_at ?? null };
  }

  async function listed(state: 'wait' | 'watch' | 'done' | 'cancel', page: number): Promise<Order[]> {
    const params = { state, page, limit: rows, order_by: 'asc' };
    return await ask(z.array(orderSchema), 'privateGetV1Orders', params);
  }

  /** Orders that wait in the book, and those that wait for their trigger price. */
  async function openOrders(): Promise<Order[]> {
    const found: Order[] = [];
    for (const state of ['watch', 'wait'] as const) {
      for (let page = 1; found.length < OPEN_ORDERS; page += 1) {
        const orders = await listed(state, page);
        found.push(...orders);
        if (orders.length < rows) break;
      }
    }
    return found;
  }

  const filled = async (uuid: string) => await ask(filledSchema, 'privateGetV1Order', { uuid });

  /** Open orders: one that closes from here on is either among these or at the end of a list. */
  async function openPage(cursor: OrdersCursor, now: number): Promise<AccountPage> {
    const entries: RawEntry[] = [];
    const open: OrdersCursor['open'] = {};
    const listedNow = await openOrders();
    const ids = new Set(listedNow.map(({ uuid }) => uuid));
    for (const { uuid, executed_volume: volume } of listedNow) {
      const known = cursor.open[uuid] ?? { fee: '0', fills: [] };
      if (fixed(volume ?? '0') === ZERO) {
        open[uuid] = known;
        continue;
      }
      const fills = readFills('bithumb', await filled(uuid), known);
      entries.push(...fills.entries);
      open[uuid] = fills.known;
    }
    const closed = Object.entries(cursor.open).filter(([uuid]) => !ids.has(uuid));
    for (const [uuid, known] of closed)
      entries.push(...readFills('bithumb', await filled(uuid), known).entries);
    const followed = [...cursor.followed, ...closed.map(([uuid]) => uuid)].slice(-FOLLOWED);
    return {
      entries,
      cursor: { ...cursor, at: 'done', since: now, open, followed },
      isLast: false,
      readUntil: null,
    };
  }

  /**
   * A page is done with once it is full of orders that were made before the open ones were listed: an older
   * one that closes later is among those. Later pages are read all the same.
   */
  async function closedPage(cursor: OrdersCursor, state: 'done' | 'cancel'): Promise<AccountPage> {
    const entries: RawEntry[] = [];
    const { page, read, next = page } = cursor[state];
    const settledBefore = (cursor.since ?? 0) - OVERLAP_MS;
    const orders = await listed(state, next);
    const skipped = new Set([...read, ...cursor.followed, ...Object.keys(cursor.open)]);
    const todo = orders.filter(
      ({ uuid, executed_volume: volume }) => fixed(volume ?? '0') > ZERO && !skipped.has(uuid),
    );
    const now = todo.slice(0, ORDERS);
    for (const { uuid } of now) entries.push(...readFills('bithumb', await filled(uuid)).entries);
    const isRead = now.length === todo.length;
    const isFull = orders.length >= rows;
    const isSettled =
      isRead && isFull && next === page && orders.every(({ created_at: at }) => at < settledBefore);
    const ids = new Set(orders.map(({ uuid }) => uuid));
    const isEnd = isRead && !isFull;
    const list = {
      page: isSettled ? page + 1 : page,
      read: isSettled ? read.filter((uuid) => !ids.has(uuid)) : [...read, ...now.map(({ uuid }) => uuid)],
      ...(isEnd ? {} : { next: isRead ? next + 1 : next }),
    };
    const at = !isEnd ? state : state === 'done' ? 'cancel' : 'open';
    return {
      entries,
      cursor: { ...cursor, [state]: list, at },
      isLast: isEnd && state === 'cancel',
      readUntil: null,
    };
  }

  return {
    sources: SOURCES,
    inspect,
    async page(source, cursor, now) {
      if (source === 'orders') {
        const orders = cursor === null ? NOTHING_READ : ordersCursor.parse(cursor);
        return orders.at === 'open' ? await openPage(orders, now) : await closedPage(orders, orders.at);
      }
      const movements = Object.entries(MOVEMENTS).find(([name]) => name === source)?.[1];
      if (movements === undefined) throw new RangeError(`Bithumb has no ${source}`);
      return await movementsPage(cursor, now, ask, { exchange: 'bithumb', stateOf, rows, ...movements });
    },
    async balances() {
      const accounts = await ask(z.array(accountSchema), 'privateGetV1Accounts');
      return Object.fromEntries(
        accounts.map(({ currency, balance, locked }) => [currency, decimal(fixed(balance) + fixed(locked))]),
      );
    },
    live: {
      stream: orderStream({ credentials, url }, { address: STREAM, now: () => client.now() }),
      fills: {
        source: 'orders',
        async read(cursor, hints) {
          const orders = ordersCursor.parse(cursor);
          const { open, ...found } = await hintedFills(orders.open, hints, async (uuid, known) =>
            readFills('bithumb', await filled(uuid), known),
          );
          return { ...found, cursor: { ...orders, open } };
        },
      },
    },
  };
}

/** Deposits of coins have their own states: `DEPOSIT_ACCEPTED`, `REFUNDED_PROCESSING`. */
function stateOf(state: string): RowState {
  const word = state.toUpperCase();
  if (word === 'DONE' || word === 'ACCEPTED' || word === 'DEPOSIT_ACCEPTED') return 'done';
  return /ACCEPTED|REJECTED|CANCELL?ED|FAILED/.test(word) ? 'void' : 'open';
}

function classify({ status, reason, ccxt }: Refusal): FailureCode | null {
  switch (reason) {
    case 'invalid_access_key':
    case 'jwt_verification':
    case 'invalid_jwt':
    case 'invalid_query_payload':
    case '5300':
      return 'key-rejected';
    case 'expired_access_key':
      return 'key-expired';
    case 'expired_jwt':
      return 'clock-skewed';
    case 'NotAllowIP':
    case 'no_authorization_ip':
    case '5302':
      return 'address-not-allowed';
    case 'out_of_scope':
      return 'permission-missing';
    case 'too_many_requests':
    case '5600':
      return status === 418 ? 'banned' : 'rate-limited';
    default:
      return status === 503 && ccxt === 'ExchangeNotAvailable' ? 'maintenance' : null;
  }
}
