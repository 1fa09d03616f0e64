import jwt from 'jsonwebtoken';
import { decimal, type Fixed, fixed, mul, ZERO } from '../../lib/money/money.ts';
import { AccountServer, type ServerAnswer, type ServerRequest } from './account-server.ts';

export interface Fill {
  uuid: string;
  price: string;
  volume: string;
  funds: string;
  created_at: string;
}

/** A fill that only the stream knows of so far, with its fee. */
interface Unshown {
  fee: Fixed;
}

export interface Order {
  uuid: string;
  market: string;
  side: 'bid' | 'ask';
  ord_type: string;
  state: 'wait' | 'done' | 'cancel';
  created: number;
  fee: Fixed;
  fills: Fill[];
}

export interface Movement {
  uuid: string;
  type: 'deposit' | 'withdraw';
  currency: string;
  txid: string | null;
  state: string;
  created: number;
  done: number | null;
  amount: string;
  fee: string;
  /** Not listed yet, although it is in the balances. */
  isLate?: boolean;
}

const PAGE = 100;
const WINDOW_MS = 7 * 86_400_000;

function seoul(time: number, micros = ''): string {
  const local = new Date(time + 9 * 3_600_000).toISOString();
  return micros === '' ? local.replace(/\.\d{3}Z$/, '+09:00') : local.replace('Z', `${micros}+09:00`);
}

/**
 * A server with the private REST API of Upbit, as documented: orders that can be asked for by the time when they were
 * made, seven days at a time; fills in each order only; deposits and withdrawals in pages. It keeps the balances that its
 * own events come to: what an account that is read from it must come to as well.
 */
export class UpbitAccounts extends AccountServer {
  readonly accessKey = 'stand-in-access-key-0001';
  readonly secretKey = 'stand-in-secret-key-which-nobody-may-ever-log';
  readonly orders = new Map<string, Order>();
  readonly movements: Movement[] = [];
  /** Rows of a closed window, at most. */
  windowOrders = 1_000;
  /** Fills that the stream has told, and REST does not show yet. */
  readonly unshown = new Map<string, Unshown>();
  /** Whether REST lags behind the stream, until `show` is called. */
  isLagging = false;
  /** Whether rows of pages come twice. */
  isRepeating = false;
  expiresAt = '2027-06-01T00:00:00+09:00';

  /** The environment of a node that takes this for Upbit. */
  get env(): Record<string, string> {
    return {
      EXCHANGE_URLS: `upbit=${this.url}#unpaced`,
      SECRETS_KEY: 'a key that only the tests of accounts use',
    };
  }

  /** What connects an account here. */
  get input(): { exchange: string; label: string; credentials: { apiKey: string; secret: string } } {
    return {
      exchange: 'upbit',
      label: 'Upbit',
      credentials: { apiKey: this.accessKey, secret: this.secretKey },
    };
  }

  /** Forgets everything that has happened. */
  clear(): void {
    this.orders.clear();
    this.movements.length = 0;
    this.balances.clear();
    this.requests.length = 0;
    this.refuse = () => null;
    this.show();
    this.isFrozen = false;
    this.isRepeating = false;
  }

  id(): string {
    return `00000000-0000-4000-8000-${String(this.nextId()).padStart(12, '0')}`;
  }

  /** An order that waits. */
  order(market: string, side: 'bid' | 'ask', created: number, type = 'limit'): Order {
    const order: Order = {
      uuid: this.id(),
      market,
      side,
      ord_type: type,
      state: 'wait',
      created,
      fee: ZERO,
      fills: [],
    };
    this.orders.set(order.uuid, order);
    return order;
  }

  /** Part of an order is filled. The exchange cuts the funds at eight decimals, and takes its fee of them. */
  fill(order: Order, { price, volume, at }: { price: string; volume: string; at: number }): Fill {
    const [quote = '', base = ''] = order.market.split('-');
    const unit = 10n ** 10n;
    const funds = (mul(fixed(price), fixed(volume)) / unit) * unit;
    const fee = (funds / 2_000n / unit) * unit;
    const sign = order.side === 'bid' ? 1n : -1n;
    this.credit(base, sign * fixed(volume));
    this.credit(quote, -sign * funds - fee);
    order.fee += fee;
    const micros = String(order.fills.length).padStart(3, '0');
    const fill = { uuid: this.id(), price, volume, funds: decimal(funds), created_at: seoul(at, micros) };
    order.fills.push(fill);
    if (this.isLagging) this.unshown.set(fill.uuid, { fee });
    this.tell(this.fillEvent(order, fill, at));
    this.tell({ type: 'myAsset', assets: [], asset_timestamp: at, timestamp: at, stream_type: 'REALTIME' });
    return fill;
  }

  /** A message of the private stream: it has no fee to the last digit. */
  fillEvent(order: Order, fill: Fill, at: number): object {
    return {
      type: 'myOrder',
      code: order.market,
      uuid: order.uuid,
      ask_bid: order.side === 'bid' ? 'BID' : 'ASK',
      order_type: order.ord_type,
      state: 'trade',
      trade_uuid: fill.uuid,
      price: Number(fill.price),
      volume: Number(fill.volume),
      trades_count: order.fills.length,
      trade_timestamp: at,
      order_timestamp: order.created,
      timestamp: at,
      stream_type: 'REALTIME',
    };
  }

  /** REST has caught up with the stream. */
  show(): void {
    this.isLagging = false;
    this.unshown.clear();
  }

  close(order: Order, state: 'done' | 'cancel' = 'done'): void {
    order.state = state;
    this.tell({
      type: 'myOrder',
      code: order.market,
      uuid: order.uuid,
      state,
      trade_uuid: null,
      stream_type: 'REALTIME',
    });
  }

  /** An order that was filled at once. */
  trade(
    market: string,
    side: 'bid' | 'ask',
    { price, volume, at }: { price: string; volume: string; at: number },
  ): Order {
    const order = this.order(market, side, at);
    this.fill(order, { price, volume, at: at + 1_000 });
    this.close(order);
    return order;
  }

  move(
    type: Movement['type'],
    currency: string,
    { amount, fee = '0', at, state }: { amount: string; fee?: string; at: number; state?: string },
  ): Movement {
    const movement: Movement = {
      uuid: this.id(),
      type,
      currency,
      txid: currency === 'KRW' ? null : `tx-${this.nextId()}`,
      state: state ?? (type === 'deposit' ? 'ACCEPTED' : 'DONE'),
      created: at,
      done: null,
      amount,
      fee,
    };
    this.movements.push(movement);
    if (state === undefined) this.settle(movement, at + 1_000);
    return movement;
  }

  /** A movement that was under way is done. */
  settle(movement: Movement, at: number): void {
    movement.state = movement.type === 'deposit' ? 'ACCEPTED' : 'DONE';
    movement.done = at;
    const amount = fixed(movement.amount);
    this.credit(movement.currency, movement.type === 'deposit' ? amount : -amount - fixed(movement.fee));
  }

  protected answer({ path, query, headers }: ServerRequest): ServerAnswer {
    const fault = this.#authFault(headers.authorization ?? '');
    if (fault !== null) return { status: 401, body: { error: { name: fault, message: `${fault}!` } } };
    const body = this.body(path, new URLSearchParams(query));
    return body === null
      ? { status: 404, body: { error: { name: 'not_found', message: 'not found' } } }
      : { status: 200, body };
  }

  #authFault(authorization: string): string | null {
    const token = authorization.replace(/^Bearer /, '');
    const claims = jwt.decode(token);
    if (claims === null || typeof claims === 'string' || claims['access_key'] !== this.accessKey)
      return 'invalid_access_key';
    try {
      jwt.verify(token, this.secretKey);
      return null;
    } catch {
      return 'jwt_verification';
    }
  }

  /** `null`: there is no such thing. */
  protected body(path: string, query: URLSearchParams): unknown {
    switch (path) {
      case '/v1/api_keys':
        return [{ access_key: this.accessKey, expire_at: this.expiresAt }];
      case '/v1/accounts':
        return [...this.balances].map(([currency, amount]) => ({
          currency,
          balance: decimal(amount),
          locked: '0',
        }));
      case '/v1/orders/open':
        return this.page(
          [...this.orders.values()].filter(({ state }) => state === 'wait').map(orderBody),
          query,
        );
      case '/v1/orders/closed':
        return this.#closed(query);
      case '/v1/order':
        return this.orderWithFills(query);
      case '/v1/deposits':
        return this.moved('deposit', query);
      case '/v1/withdraws':
        return this.moved('withdraw', query);
      default:
        return null;
    }
  }

  protected orderWithFills(query: URLSearchParams): unknown {
    const order = this.orders.get(query.get('uuid') ?? '');
    if (order === undefined) return null;
    const fills = order.fills.filter(({ uuid }) => !this.unshown.has(uuid));
    const unpaid = order.fills.reduce((sum, { uuid }) => sum + (this.unshown.get(uuid)?.fee ?? ZERO), ZERO);
    return { ...orderBody({ ...order, fills }), paid_fee: decimal(order.fee - unpaid), trades: fills };
  }

  protected refuseStream(path: string, { authorization }: ServerRequest['headers']): number | null {
    if (path !== this.streamPath) return 404;
    return this.#authFault(authorization ?? '') === null ? null : 401;
  }

  protected subscribe(message: unknown): { isIn: boolean; answer: object | null } {
    const isIn = JSON.stringify(message).includes('"type":"myOrder"');
    return { isIn, answer: isIn ? null : { error: { name: 'WRONG_FORMAT', message: 'wrong format' } } };
  }

  protected get streamPath(): string {
    return '/websocket/v1/private';
  }

  #closed(query: URLSearchParams): unknown {
    const from = Number(query.get('start_time'));
    const until = Math.min(Number(query.get('end_time') ?? from + WINDOW_MS), from + WINDOW_MS);
    const limit = Math.min(Number(query.get('limit') ?? 100), this.windowOrders);
    const found = [...this.orders.values()]
      .filter(({ state, created }) => state !== 'wait' && created >= from && created <= until)
      .sort((a, b) => a.created - b.created);
    if (query.get('order_by') !== 'asc') found.reverse();
    return found.slice(0, limit).map(orderBody);
  }

  protected moved(
    type: Movement['type'],
    query: URLSearchParams,
    isWanted: (currency: string) => boolean = () => true,
  ): unknown {
    const rows = this.movements
      .filter(({ type: own, currency, isLate }) => own === type && isWanted(currency) && isLate !== true)
      .sort((a, b) => a.created - b.created);
    if (query.get('order_by') !== 'asc') rows.reverse();
    return this.page(
      rows.map(({ created, done, isLate: _isLate, ...row }) => ({
        ...row,
        created_at: seoul(created),
        done_at: done === null ? null : seoul(done),
        transaction_type: 'default',
      })),
      query,
    );
  }

  protected page(rows: unknown[], query: URLSearchParams): unknown[] {
    const limit = Math.min(Number(query.get('limit') ?? PAGE), PAGE);
    const start = (Number(query.get('page') ?? 1) - 1) * limit;
    const page = rows.slice(start, start + limit);
    return this.isRepeating && page.length < limit / 2 ? [...page, ...page] : page;
  }
}

/** An order as lists have it. */
export function orderBody({ uuid, market, side, ord_type: type, state, created, fills }: Order): object {
  const executed = fills.reduce((sum, { volume }) => sum + fixed(volume), ZERO);
  return {
    uuid,
    market,
    side,
    ord_type: type,
    state,
    created_at: seoul(created),
    executed_volume: decimal(executed),
    trades_count: fills.length,
  };
}
