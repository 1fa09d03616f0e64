import { createHmac } from 'node:crypto';
import { decimal, type Fixed, fixed, mul, ZERO } from '../../lib/money/money.ts';
import { AccountServer, type ServerAnswer, type ServerRequest } from './account-server.ts';

/** Rows and their time, by the history that they are part of. */
interface Row {
  at: number;
  body: Record<string, unknown>;
}

export interface Withdrawal extends Row {
  coin: string;
  amount: Fixed;
  fee: Fixed;
}

interface Trade {
  symbol: string;
  body: { id: number } & Record<string, unknown>;
}

const EIGHT = 10n ** 10n;
/** Windows of a history: none may be wider, in days. */
const DAYS: Record<string, number> = {
  deposits: 90,
  withdrawals: 90,
  converts: 30,
  dust: 90,
  dividends: 180,
};
const DAY_MS = 86_400_000;

function cut(amount: Fixed): Fixed {
  return (amount / EIGHT) * EIGHT;
}

function utc(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

/**
 * A server with the private REST API of Binance, as documented: trades by symbol and id, other histories by windows of
 * their time, the newest rows first and cut at a limit.
 */
export class BinanceAccounts extends AccountServer {
  readonly apiKey = 'stand-in-binance-key-0001';
  readonly secretKey = 'stand-in-binance-secret-which-nobody-may-ever-log';
  /** Symbols of the exchange, with both assets. */
  readonly symbols = new Map<string, { base: string; quote: string }>();
  /** Symbols that the exchange knows no more. */
  readonly gone = new Set<string>();
  readonly withdrawing = new Set<Withdrawal>();
  readonly arriving = new Set<Withdrawal>();
  rights: Record<string, boolean> = {
    enableReading: true,
    enableSpotAndMarginTrading: false,
    enableWithdrawals: false,
    enableInternalTransfer: false,
    enableFutures: false,
  };
  /** How far the clock of the exchange is ahead, in milliseconds. */
  clockShift = 0;
  readonly #trades: Trade[] = [];
  readonly #histories: Record<string, Row[]> = {
    deposits: [],
    withdrawals: [],
    converts: [],
    dust: [],
    dividends: [],
    fiat0: [],
    fiat1: [],
  };

  constructor(symbols: readonly string[] = ['BTC/USDT', 'ETH/BTC', 'BNB/USDT', 'XRP/BNB']) {
    super();
    for (const pair of symbols) {
      const [base = '', quote = ''] = pair.split('/');
      this.symbols.set(`${base}${quote}`, { base, quote });
    }
  }

  /** A fill. The exchange cuts what is paid at eight decimals. @returns its id, counted per symbol */
  trade(
    symbol: string,
    isBuyer: boolean,
    {
      price,
      qty,
      at,
      fee,
    }: { price: string; qty: string; at: number; fee: { asset: string; amount: string } },
  ): number {
    const { base, quote } = this.symbols.get(symbol) ?? { base: '', quote: '' };
    const paid = cut(mul(fixed(price), fixed(qty)));
    const sign = isBuyer ? 1n : -1n;
    this.credit(base, sign * fixed(qty));
    this.credit(quote, -sign * paid);
    this.credit(fee.asset, -fixed(fee.amount));
    const id = this.#trades.filter((trade) => trade.symbol === symbol).length * 3 + 1;
    const body = {
      symbol,
      id,
      orderId: 10_000 + id,
      orderListId: -1,
      price,
      qty,
      quoteQty: decimal(paid),
      commission: fee.amount,
      commissionAsset: fee.asset,
      time: at,
      isBuyer,
      isMaker: false,
      isBestMatch: true,
    };
    this.#trades.push({ symbol, body });
    this.tell(this.#event({ ...fillEvent(body), T: at }));
    this.tell(this.#event({ e: 'outboundAccountPosition', E: at, u: at, B: [] }));
    return id;
  }

  /** A deposit that arrives; `isOld`: without an id, as old ones are. */
  deposit(coin: string, amount: string, at: number, { isOld = false, isPending = false } = {}): Withdrawal {
    const body = {
      ...(isOld ? {} : { id: String(this.nextId()) }),
      amount,
      coin,
      network: 'NET',
      status: 0,
      address: 'an-address',
      addressTag: '',
      txId: isOld ? 'same-transaction' : `tx-${this.nextId()}`,
      insertTime: at,
      transferType: 0,
    };
    const row = { at, body, coin, amount: fixed(amount), fee: ZERO };
    this.#add('deposits', row);
    this.arriving.add(row);
    if (!isPending) this.arrive(row);
    return row;
  }

  arrive(row: Withdrawal): void {
    this.arriving.delete(row);
    row.body['status'] = 1;
    this.credit(row.coin, row.amount);
  }

  /** A withdrawal under way: what leaves is still counted. */
  withdraw(coin: string, { amount, fee, at }: { amount: string; fee: string; at: number }): Withdrawal {
    const body = {
      id: `w${this.nextId()}`,
      amount,
      transactionFee: fee,
      coin,
      status: 4,
      address: 'an-address',
      txId: '',
      applyTime: utc(at),
      network: 'NET',
      completeTime: '',
    };
    const seconds = Math.floor(at / 1_000) * 1_000;
    const row = { at: seconds, body, coin, amount: fixed(amount), fee: fixed(fee) };
    this.#add('withdrawals', row);
    this.withdrawing.add(row);
    return row;
  }

  /** A withdrawal is sent, or comes to nothing. */
  finish(row: Withdrawal, at: number, isSent = true): void {
    this.withdrawing.delete(row);
    row.body['status'] = isSent ? 6 : 3;
    if (!isSent) return;
    row.body['completeTime'] = utc(at);
    this.credit(row.coin, -row.amount - row.fee);
  }

  convert(from: [string, string], to: [string, string], at: number): void {
    this.credit(from[0], -fixed(from[1]));
    this.credit(to[0], fixed(to[1]));
    // Beyond what a double holds.
    const orderId = `92124060277613${String(this.nextId()).padStart(5, '0')}`;
    const body = {
      quoteId: 'a-quote',
      orderId,
      orderStatus: 'SUCCESS',
      fromAsset: from[0],
      fromAmount: from[1],
      toAsset: to[0],
      toAmount: to[1],
      createTime: at,
    };
    this.#add('converts', { at, body });
  }

  /** Small amounts become BNB: each with what it is worth, of which two percent are kept. */
  sweep(sources: readonly [asset: string, amount: string, worth: string][], at: number): void {
    const transId = this.nextId();
    let worth = ZERO;
    let charge = ZERO;
    const details = sources.map(([fromAsset, amount, transferedAmount]) => {
      const serviceCharge = cut(fixed(transferedAmount) / 50n);
      this.credit(fromAsset, -fixed(amount));
      this.credit('BNB', fixed(transferedAmount) - serviceCharge);
      worth += fixed(transferedAmount);
      charge += serviceCharge;
      return {
        fromAsset,
        amount,
        transferedAmount,
        serviceChargeAmount: decimal(serviceCharge),
        operateTime: at,
        transId,
      };
    });
    const body = {
      operateTime: at,
      totalServiceChargeAmount: decimal(charge),
      totalTransferedAmount: decimal(worth),
      transId,
      userAssetDribbletDetails: details,
    };
    this.#add('dust', { at, body });
  }

  reward(asset: string, amount: string, at: number, enInfo = 'Locked Staking rewards'): void {
    this.credit(asset, fixed(amount));
    const id = this.nextId();
    this.#add('dividends', { at, body: { id, amount, asset, divTime: at, enInfo, tranId: id + 1 } });
  }

  /** A deposit (0) or withdrawal (1) of a national currency, its fee within the amount indicated. */
  cash(
    type: 0 | 1,
    fiatCurrency: string,
    { amount, fee, at }: { amount: string; fee: string; at: number },
  ): void {
    const indicated = fixed(amount) + fixed(fee);
    this.credit(fiatCurrency, type === 0 ? fixed(amount) : -indicated);
    const body = {
      orderNo: `F${this.nextId()}`,
      fiatCurrency,
      indicatedAmount: decimal(indicated),
      amount,
      totalFee: fee,
      method: 'BankAccount',
      status: 'Successful',
      createTime: at,
      updateTime: at + 1_000,
    };
    this.#add(`fiat${type}`, { at, body });
  }

  #add(history: string, row: Row): void {
    this.#histories[history]?.push(row);
  }

  protected answer(request: ServerRequest): ServerAnswer {
    const fault = this.#fault(request);
    if (fault !== null) return fault;
    const query = new URLSearchParams(request.query);
    switch (request.path) {
      case '/api/v3/time':
        return ok({ serverTime: Date.now() + this.clockShift });
      case '/api/v3/exchangeInfo':
        return ok({
          symbols: [...this.symbols].map(([symbol, { base, quote }]) => ({
            symbol,
            status: 'TRADING',
            baseAsset: base,
            quoteAsset: quote,
          })),
        });
      case '/api/v3/myTrades':
        return this.#tradesOf(query);
      case '/sapi/v1/account/apiRestrictions':
        return ok({ ipRestrict: true, createTime: 1_698_645_219_000, ...this.rights });
      case '/sapi/v3/asset/getUserAsset':
        return request.method === 'POST' ? ok(this.#assets()) : error(404, -1, 'no such path');
      case '/sapi/v1/capital/deposit/hisrec':
        return this.#window('deposits', query, (rows) => rows);
      case '/sapi/v1/capital/withdraw/history':
        return this.#window('withdrawals', query, (rows) => rows);
      case '/sapi/v1/convert/tradeFlow':
        return this.#window('converts', query, (list, moreData) => ({ list, moreData }));
      case '/sapi/v1/asset/dribblet':
        query.set('limit', query.get('limit') ?? String(this.dustRows));
        return this.#window('dust', query, (rows) => ({ total: rows.length, userAssetDribblets: rows }));
      case '/sapi/v1/asset/assetDividend':
        return this.#window('dividends', query, (rows) => ({ rows, total: rows.length }));
      case '/sapi/v1/fiat/orders':
        return this.#cash(query);
      default:
        return error(404, -1, 'no such path');
    }
  }

  /** Conversions of dust that one answer has at most. */
  dustRows = 100;

  #fault({ path, query, body, headers }: ServerRequest): ServerAnswer | null {
    if (path === '/api/v3/time' || path === '/api/v3/exchangeInfo') return null;
    if (headers['x-mbx-apikey'] !== this.apiKey)
      return error(401, -2015, 'Invalid API-key, IP, or permissions for action.');
    const sent = query === '' ? body : query;
    const [signed = '', signature = ''] = sent.split('&signature=');
    const right = createHmac('sha256', this.secretKey).update(signed).digest('hex');
    if (signature !== right) return error(400, -1022, 'Signature for this request is not valid.');
    const params = new URLSearchParams(signed);
    const late = Date.now() + this.clockShift - Number(params.get('timestamp'));
    if (late < -1_000 || late > Number(params.get('recvWindow') ?? 5_000))
      return error(400, -1021, 'Timestamp for this request is outside of the recvWindow.');
    return null;
  }

  #event(event: object): object {
    return { subscriptionId: 0, event };
  }

  protected refuseStream(path: string): number | null {
    return path === '/ws-api/v3' ? null : 404;
  }

  protected subscribe(message: unknown): { isIn: boolean; answer: object | null } {
    const { id, method, params } = message as { id: string; method: string; params: Record<string, string> };
    const { signature, ...signed } = params;
    const text = new URLSearchParams(Object.entries(signed).sort()).toString();
    const late = Date.now() + this.clockShift - Number(signed['timestamp']);
    const code =
      method !== 'userDataStream.subscribe.signature'
        ? -1_100
        : signed['apiKey'] !== this.apiKey
          ? -2_015
          : signature !== createHmac('sha256', this.secretKey).update(text).digest('hex')
            ? -1_022
            : late < -1_000 || late > Number(signed['recvWindow'])
              ? -1_021
              : null;
    return code === null
      ? { isIn: true, answer: { id, status: 200, result: { subscriptionId: 0 } } }
      : { isIn: false, answer: { id, status: 400, error: { code, msg: 'refused' } } };
  }

  #tradesOf(query: URLSearchParams): ServerAnswer {
    const symbol = query.get('symbol') ?? '';
    if (this.gone.has(symbol) || !this.symbols.has(symbol)) return error(400, -1121, 'Invalid symbol.');
    const from = Number(query.get('fromId'));
    const found = this.#trades.filter((trade) => trade.symbol === symbol && trade.body.id >= from);
    return ok(found.slice(0, Number(query.get('limit') ?? 500)).map(({ body }) => body));
  }

  #assets(): unknown[] {
    return [...this.balances]
      .filter(([, amount]) => amount !== ZERO)
      .map(([asset, amount]) => {
        const leaving = [...this.withdrawing]
          .filter(({ coin }) => coin === asset)
          .reduce((sum, row) => sum + row.amount + row.fee, ZERO);
        const free = decimal(amount - leaving);
        return { asset, free, locked: '0', freeze: '0', withdrawing: decimal(leaving), ipoable: '0' };
      });
  }

  #window(
    history: string,
    query: URLSearchParams,
    shape: (rows: unknown[], hasMore: boolean) => unknown,
  ): ServerAnswer {
    const from = Number(query.get('startTime'));
    const until = Number(query.get('endTime'));
    if (until - from > (DAYS[history] ?? 0) * DAY_MS)
      return error(400, -4047, 'Time interval must be within 0-90 days');
    const rows = (this.#histories[history] ?? [])
      .filter(({ at }) => at >= from && at <= until)
      .sort((a, b) => b.at - a.at);
    const limit = Number(query.get('limit') ?? 100);
    return ok(
      shape(
        rows.slice(0, limit).map(({ body }) => body),
        rows.length > limit,
      ),
    );
  }

  #cash(query: URLSearchParams): ServerAnswer {
    const rows = (this.#histories[`fiat${query.get('transactionType')}`] ?? [])
      .filter(({ at }) => at >= Number(query.get('beginTime')) && at <= Number(query.get('endTime')))
      .sort((a, b) => b.at - a.at);
    const limit = Number(query.get('rows') ?? 100);
    const start = (Number(query.get('page') ?? 1) - 1) * limit;
    const data = rows.slice(start, start + limit).map(({ body }) => body);
    return ok({ code: '000000', message: 'success', data, total: rows.length, success: true });
  }
}

function fillEvent(trade: Record<string, unknown>): Record<string, unknown> {
  return {
    e: 'executionReport',
    s: trade['symbol'],
    S: trade['isBuyer'] === true ? 'BUY' : 'SELL',
    o: 'LIMIT',
    x: 'TRADE',
    X: 'FILLED',
    i: trade['orderId'],
    t: trade['id'],
    l: trade['qty'],
    L: trade['price'],
    Y: trade['quoteQty'],
    n: trade['commission'],
    N: trade['commissionAsset'],
  };
}

function ok(body: unknown): ServerAnswer {
  return { status: 200, body };
}

function error(status: number, code: number, msg: string): ServerAnswer {
  return { status, body: { code, msg } };
}
