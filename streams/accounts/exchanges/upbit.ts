import { z } from 'zod';
import type { FailureCode } from '../../../lib/exchanges/account-failure.ts';
import type { RawEntry } from '../../../lib/import/reading/format.ts';
import { decimal, fixed, ZERO } from '../../../lib/money/money.ts';
import type { AccountAdapter, AccountPage, AdapterOptions, KeyFacts } from './adapter.ts';
import { asker, number, time } from './answers.ts';
import { CcxtClient, type Refusal } from './ccxt-client.ts';
import {
  type Fills,
  filledSchema,
  hintedFills,
  type Order,
  orderSchema,
  readFills,
  type ReadFills,
  readFillsSchema,
} from './order-fills.ts';
import { orderStream } from './order-stream.ts';
import { movementSchema, movementsPage } from './paged-movements.ts';
import { readWindow, type RowState, type WindowRows } from './windows.ts';

/** The day Upbit opened. */
const FIRST_DAY = Date.UTC(2017, 9, 24);
/** Closed orders can be queried for at most seven days, by creation time. */
const WINDOW_MS = 7 * 86_400_000;
/** Upbit's maximum number of rows in a window and in a page. */
const LIMITS = { window: 1_000, page: 100 };
/** Windows read per page, and orders whose fills are read per page. */
const WINDOWS = 8;
const ORDERS = 60;
/** Clocks may differ, and an order is listed a little after it was created. */
const OVERLAP_MS = 60_000;
/** The maximum number of open orders to follow. */
const OPEN_ORDERS = 1_000;

/** The permissions that a key needs, as named on the page where keys are created. */
const RIGHTS = {
  privateGetAccounts: 'balances (자산조회)',
  privateGetOrdersOpen: 'orders (주문조회)',
  privateGetOrdersClosed: 'orders (주문조회)',
  privateGetOrder: 'orders (주문조회)',
  privateGetDeposits: 'deposits (입금조회)',
  privateGetWithdraws: 'withdrawals (출금조회)',
};
const STREAM = 'wss://api.upbit.com/websocket/v1/private';

const accountSchema = z.object({ currency: z.string(), balance: number, locked: number });
const keySchema = z.object({ access_key: z.string(), expire_at: time.nullish() });

const ordersCursor = z.object({
  /** Windows up to here have been read. */
  scanned: z.number(),
  /** The last order of the current window whose fills have been read. */
  after: z.string().nullish(),
  /** Where the current pass ends; if absent, the next page begins a new one. */
  until: z.number().nullish(),
  /** Orders that were open, with the fees and fills already read. */
  open: z.record(z.string(), readFillsSchema),
});
type OrdersCursor = z.output<typeof ordersCursor>;

/** Final states of a deposit or withdrawal. */
const FINAL = new Set([
  'ACCEPTED',
  'DONE',
  'CANCELLED',
  'CANCELED',
  'REJECTED',
  'FAILED',
  'TRAVEL_RULE_SUSPECTED',
  'REFUNDED',
]);

/**
 * Upbit. It has no list of fills; they are part of each order. Closed orders are listed by creation time, so
 * an order that stays open for long is followed by its id until it is closed.
 */
export async function openUpbit(
  { credentials, url }: AdapterOptions,
  limits: typeof LIMITS = LIMITS,
): Promise<AccountAdapter> {
  const client = await CcxtClient.open({
    exchange: 'upbit',
    credentials,
    url,
    reasonOf: (body) =>
      z.object({ error: z.object({ name: z.string() }) }).safeParse(body).data?.error.name ?? null,
    classify,
  });
  const ask = asker(client, RIGHTS);

  async function inspect(): Promise<KeyFacts> {
    const keys = await ask(z.array(keySchema), 'privateGetApiKeys');
    // A key's permissions are not listed, so each is tried.
    await ask(z.array(accountSchema), 'privateGetAccounts');
    await ask(z.array(orderSchema), 'privateGetOrdersOpen', { limit: 1 });
    await ask(z.array(movementSchema), 'privateGetDeposits', { limit: 1 });
    await ask(z.array(movementSchema), 'privateGetWithdraws', { limit: 1 });
    const own = keys.find(({ access_key: key }) => key === credentials.apiKey);
    return { permissions: { trade: null, withdraw: null }, expiresAt: own?.expire_at ?? null };
  }

  async function openOrders(): Promise<Order[]> {
    const found: Order[] = [];
    for (let page = 1; found.length < OPEN_ORDERS; page += 1) {
      const orders = await ask(z.array(orderSchema), 'privateGetOrdersOpen', { page, limit: limits.page });
      found.push(...orders);
      if (orders.length < limits.page) break;
    }
    return found;
  }

  const fillsOf = async (uuid: string, known: ReadFills | undefined): Promise<Fills> =>
    readFills('upbit', await ask(filledSchema, 'privateGetOrder', { uuid }), known);

  async function ordersPage(before: OrdersCursor | null, now: number): Promise<AccountPage> {
    const entries: RawEntry[] = [];
    const cursor: OrdersCursor = before ?? { scanned: FIRST_DAY, open: {} };
    const isNewPass = typeof cursor.until !== 'number';
    // A pass ends where it has listed the open orders: newer ones belong to the next pass.
    const end = cursor.until ?? now;
    const open: OrdersCursor['open'] = isNewPass ? {} : { ...cursor.open };
    if (isNewPass) {
      // List the open orders first: an order that closes from here on is either among these or in the windows
      // below.
      const listed = await openOrders();
      const ids = new Set(listed.map(({ uuid }) => uuid));
      for (const order of listed) {
        const known = cursor.open[order.uuid];
        if (fixed(order.executed_volume ?? '0') === ZERO) {
          open[order.uuid] = known ?? { fee: '0', fills: [] };
          continue;
        }
        const fills = await fillsOf(order.uuid, known);
        entries.push(...fills.entries);
        open[order.uuid] = fills.known;
      }
      for (const [uuid, known] of Object.entries(cursor.open)) {
        if (!ids.has(uuid)) entries.push(...(await fillsOf(uuid, known)).entries);
      }
    }
    // Only once per pass: otherwise the overlap might hold more than a window can return.
    let at = isNewPass ? Math.max(FIRST_DAY, cursor.scanned - OVERLAP_MS) : cursor.scanned;
    let after = cursor.after ?? null;
    for (let windows = 0; windows < WINDOWS && at < end; windows += 1) {
      const window = await readWindow(at, Math.min(at + WINDOW_MS, end), closedOrders);
      const filled = window.rows.filter(
        ({ uuid, executed_volume: volume }) =>
          fixed(volume ?? '0') > ZERO && open[uuid] === undefined && cursor.open[uuid] === undefined,
      );
      const start = after === null ? 0 : filled.findIndex(({ uuid }) => uuid === after) + 1;
      const todo = filled.slice(start, start + ORDERS);
      for (const { uuid } of todo) entries.push(...(await fillsOf(uuid, undefined)).entries);
      if (start + todo.length < filled.length) {
        after = todo.at(-1)?.uuid ?? null;
        return { entries, cursor: { scanned: at, after, open, until: end }, isLast: false, readUntil: at };
      }
      after = null;
      at = window.until;
    }
    const isLast = at >= end;
    return {
      entries,
      cursor: isLast ? { scanned: at, open } : { scanned: at, open, until: end },
      isLast,
      readUntil: at,
    };
  }

  async function closedOrders(from: number, until: number): Promise<WindowRows<Order>> {
    const rows = await ask(z.array(orderSchema), 'privateGetOrdersClosed', {
      start_time: from,
      end_time: until,
      limit: limits.window,
      order_by: 'asc',
    });
    return { rows, isCut: rows.length >= limits.window };
  }

  return {
    sources: ['orders', 'deposits', 'withdrawals'],
    inspect,
    page: async (source, cursor, now) => {
      switch (source) {
        case 'orders':
          return await ordersPage(cursor === null ? null : ordersCursor.parse(cursor), now);
        case 'deposits':
          return await movementsPage(cursor, now, ask, {
            exchange: 'upbit',
            kind: 'deposit',
            method: 'privateGetDeposits',
            stateOf: (state) => stateOf(state, 'ACCEPTED'),
            rows: limits.page,
          });
        case 'withdrawals':
          return await movementsPage(cursor, now, ask, {
            exchange: 'upbit',
            kind: 'withdrawal',
            method: 'privateGetWithdraws',
            stateOf: (state) => stateOf(state, 'DONE'),
            rows: limits.page,
          });
        default:
          throw new RangeError(`Upbit has no ${source}`);
      }
    },
    async balances() {
      const accounts = await ask(z.array(accountSchema), 'privateGetAccounts');
      return Object.fromEntries(
        accounts.map(({ currency, balance, locked }) => [currency, decimal(fixed(balance) + fixed(locked))]),
      );
    },
    live: {
      stream: orderStream({ credentials, url }, { address: STREAM, now: null }),
      fills: {
        source: 'orders',
        async read(cursor, hints) {
          const orders = ordersCursor.parse(cursor);
          const { open, ...found } = await hintedFills(orders.open, hints, fillsOf);
          return { ...found, cursor: { ...orders, open } };
        },
      },
    },
  };
}

function stateOf(state: string, done: string): RowState {
  return state === done ? 'done' : FINAL.has(state) ? 'void' : 'open';
}

function classify({ status, reason, ccxt }: Refusal): FailureCode | null {
  switch (reason) {
    case 'invalid_access_key':
    case 'jwt_verification':
    case 'invalid_query_payload':
      return 'key-rejected';
    case 'expired_access_key':
      return 'key-expired';
    case 'no_authorization_ip':
    case 'no_authorization_i_p':
      return 'address-not-allowed';
    case 'out_of_scope':
      return 'permission-missing';
    // Another request came first; the next one has its own nonce.
    case 'nonce_used':
      return 'exchange-error';
    default:
      return status === 503 && ccxt === 'ExchangeNotAvailable' ? 'maintenance' : null;
  }
}
