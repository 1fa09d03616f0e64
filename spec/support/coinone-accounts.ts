import { createHmac } from 'node:crypto';
import { decimal, type Fixed, fixed, mul } from '../../lib/money/money.ts';
import { AccountServer, type ServerAnswer, type ServerRequest } from './account-server.ts';

interface Row {
  id: string;
  at: number;
  body: Record<string, unknown>;
  /** Not listed yet, although it is in the balances. */
  isLate?: boolean;
}

export interface CoinoneMovement extends Row {
  type: 'DEPOSIT' | 'WITHDRAWAL';
  currency: string;
  amount: Fixed;
  fee: Fixed;
}

const DAY_MS = 86_400_000;
/** Won has four decimals. */
const FOUR = 10n ** 14n;

/**
 * A server with version 2.1 of Coinone's private API, as documented: fills and movements of at most ninety days, newest
 * first, continued from an id. Its balances are the truth.
 */
export class CoinoneAccounts extends AccountServer {
  readonly accessToken = '5a3e35e4-0778-4619-a117-7c60740b22a2';
  readonly secretKey = '9974e540-9451-4898-bdd6-4e6c7872a86a';
  readonly fills: Row[] = [];
  readonly movements: CoinoneMovement[] = [];
  /** Rows of a page, at most. */
  pageRows = 100;
  /** Called before a page is answered, as whatever happens while somebody reads. */
  beforePage: () => void = () => undefined;
  readonly nonces = new Set<string>();

  get input(): { exchange: string; label: string; credentials: { apiKey: string; secret: string } } {
    return {
      exchange: 'coinone',
      label: 'Coinone',
      credentials: { apiKey: this.accessToken, secret: this.secretKey },
    };
  }

  /** An order is filled once; without a fee given, it is 0.2 % of the won. */
  trade(
    base: string,
    side: 'buy' | 'sell',
    {
      price,
      qty,
      at,
      fee,
    }: { price: string; qty: string; at: number; fee?: { amount: string; currency: string } },
  ): Row {
    const funds = mul(fixed(price), fixed(qty));
    const own = fee ?? { amount: decimal((funds / 500n / FOUR) * FOUR), currency: 'KRW' };
    const sign = side === 'buy' ? 1n : -1n;
    this.credit(base, sign * fixed(qty));
    this.credit('KRW', -sign * funds);
    this.credit(own.currency, -fixed(own.amount));
    const id = this.#id();
    const orderId = this.#id();
    const row: Row = {
      id,
      at,
      body: {
        trade_id: id,
        order_id: orderId,
        quote_currency: 'KRW',
        target_currency: base,
        order_type: 'LIMIT',
        is_ask: side === 'sell',
        is_maker: false,
        price,
        qty,
        timestamp: at,
        fee_rate: '0.002',
        fee: own.amount,
        fee_currency: own.currency,
      },
    };
    this.fills.push(row);
    for (const status of ['trade', 'trade_done']) this.tell(this.#orderEvent(row, status));
    this.tell({ response_type: 'DATA', channel: 'MYASSET', data: { assets: [], type: 'trade' } });
    return row;
  }

  move(
    type: CoinoneMovement['type'],
    currency: string,
    {
      amount,
      fee = '0',
      at,
      isPending = false,
    }: { amount: string; fee?: string; at: number; isPending?: boolean },
  ): CoinoneMovement {
    const id = this.#id();
    const movement: CoinoneMovement = {
      id,
      at,
      type,
      currency,
      amount: fixed(amount),
      fee: fixed(fee),
      body: {
        id,
        type,
        status: `${type}_WAIT`,
        amount,
        fee,
        created_at: at,
        ...(currency === 'KRW' ? { transaction_type: 'DEFAULT' } : { currency, txid: `tx-${id}` }),
      },
    };
    this.movements.push(movement);
    if (!isPending) this.settle(movement);
    return movement;
  }

  settle(movement: CoinoneMovement): void {
    const { type, currency, amount, fee } = movement;
    movement.body['status'] = `${type}_${currency === 'KRW' ? 'COMPLETE' : 'SUCCESS'}`;
    this.credit(currency, type === 'DEPOSIT' ? amount : -amount - fee);
    this.tell({
      response_type: 'DATA',
      channel: 'MYASSET',
      data: { assets: [], type: type.toLowerCase(), timestamp: 1_760_939_843 },
    });
  }

  protected answer({ method, path, headers }: ServerRequest): ServerAnswer {
    const payload = String(headers['x-coinone-payload'] ?? '');
    const fault = this.#fault(payload, String(headers['x-coinone-signature'] ?? ''));
    if (method !== 'POST') return { status: 405, body: {} };
    if (fault !== null) return refused(fault, 'refused');
    const query = JSON.parse(Buffer.from(payload, 'base64').toString()) as Record<string, unknown>;
    switch (path) {
      case '/v2.1/account/balance/all':
        return succeeded({
          balances: [...this.balances].map(([currency, amount]) => ({
            currency,
            available: decimal(amount - amount / 4n),
            limit: decimal(amount / 4n),
            average_price: '0',
          })),
        });
      case '/v2.1/order/completed_orders/all':
        return this.#listed('completed_orders', this.fills, { ...query, before: query['to_trade_id'] });
      case '/v2.1/transaction/coin/history':
      case '/v2.1/transaction/krw/history': {
        const isWon = path.includes('/krw/');
        const rows = this.movements.filter(({ currency }) => (currency === 'KRW') === isWon);
        return this.#listed('transactions', rows, { ...query, before: query['to_id'] });
      }
      default:
        return { status: 404, body: { result: 'error', error_code: '404', error_msg: 'Page not found' } };
    }
  }

  protected refuseStream(path: string, headers: ServerRequest['headers']): number | null {
    if (path !== '/v1/private') return 404;
    const payload = String(headers['x-coinone-payload'] ?? '');
    return this.#fault(payload, String(headers['x-coinone-signature'] ?? '')) === null ? null : 401;
  }

  protected subscribe(message: unknown): { isIn: boolean; answer: object | null } {
    const { request_type: type, channel } = message as { request_type: string; channel?: string };
    if (type === 'PING') {
      this.pings += 1;
      return { isIn: false, answer: this.isFrozen ? null : { response_type: 'PONG' } };
    }
    if (type !== 'SUBSCRIBE')
      return {
        isIn: false,
        answer: { response_type: 'ERROR', error_code: 160010, message: 'Invalid Request' },
      };
    return { isIn: channel === 'MYORDER', answer: { response_type: 'SUBSCRIBED', channel } };
  }

  /** A message of the private stream: times in seconds, and no currency of the fee. */
  #orderEvent({ id, at, body }: Row, status: string): object {
    return {
      response_type: 'DATA',
      channel: 'MYORDER',
      data: {
        quote_currency: 'KRW',
        target_currency: body['target_currency'],
        order_id: body['order_id'],
        type: 'LIMIT',
        status,
        side: body['is_ask'] === true ? 'ASK' : 'BID',
        trade_id: id,
        executed_price: body['price'],
        executed_qty: body['qty'],
        executed_fee: body['fee'],
        executed_timestamp: Math.floor(at / 1_000),
        timestamp: Math.floor(at / 1_000),
      },
    };
  }

  #listed(
    name: string,
    rows: readonly Row[],
    query: { size?: unknown; from_ts?: unknown; to_ts?: unknown; before?: unknown },
  ): ServerAnswer {
    this.beforePage();
    const from = Number(query.from_ts);
    const until = Number(query.to_ts);
    if (!(from <= until) || until - from > 90 * DAY_MS) return refused('107', 'Parameter value is wrong');
    // Rows of the same instant keep their order.
    const found = rows
      .filter(({ at, isLate }) => at >= from && at <= until && isLate !== true)
      .reverse()
      .sort((a, b) => b.at - a.at);
    const start = query.before === undefined ? 0 : found.findIndex(({ id }) => id === query.before) + 1;
    const limit = Math.min(Number(query.size), this.pageRows);
    return succeeded({ [name]: found.slice(start, start + limit).map(({ body }) => body) });
  }

  #fault(payload: string, signature: string): string | null {
    if (payload === '') return '120';
    const claims = JSON.parse(Buffer.from(payload, 'base64').toString()) as Record<string, unknown>;
    const nonce = String(claims['nonce']);
    if (claims['access_token'] !== this.accessToken) return '12';
    if (signature !== createHmac('sha512', this.secretKey).update(payload).digest('hex')) return '123';
    if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(nonce)) return '133';
    if (this.nonces.has(nonce)) return '132';
    this.nonces.add(nonce);
    return null;
  }

  #id(): string {
    return `00000000-1e4d-11e9-9ec7-${String(this.nextId()).padStart(12, '0')}`;
  }
}

function succeeded(body: object): ServerAnswer {
  return { status: 200, body: { result: 'success', error_code: '0', ...body } };
}

export function refused(code: string, message: string): ServerAnswer {
  return { status: 200, body: { result: 'error', error_code: code, error_msg: message } };
}
