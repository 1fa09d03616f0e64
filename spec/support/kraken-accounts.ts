import { createHash, createHmac } from 'node:crypto';
import { decimal, fixed, mul } from '../../lib/money/money.ts';
import { AccountServer, type ServerAnswer, type ServerRequest } from './account-server.ts';

interface LedgerRow {
  id: string;
  at: number;
  body: Record<string, string | number>;
  /** Not listed yet, although it is in the balances. */
  isLate?: boolean;
}

const PAGE = 50;

/**
 * A server with Kraken's private API, as documented: a ledger, newest first, in pages that are counted from the newest row.
 * Its balances, by Kraken's own codes, are the truth.
 */
export class KrakenAccounts extends AccountServer {
  readonly apiKey = 'stand-in-kraken-key-0001';
  readonly secretKey = Buffer.from('stand-in-kraken-secret-which-nobody-may-ever-log').toString('base64');
  readonly rows: LedgerRow[] = [];
  /** Called before a page is answered, as whatever happens while somebody reads. */
  beforePage: () => void = () => undefined;
  /** The highest nonce so far. */
  nonce = 0;

  get input(): { exchange: string; label: string; credentials: { apiKey: string; secret: string } } {
    return {
      exchange: 'kraken',
      label: 'Kraken',
      credentials: { apiKey: this.apiKey, secret: this.secretKey },
    };
  }

  /** A row of the ledger; its fee is taken beyond its amount. */
  row(
    type: string,
    asset: string,
    amount: string,
    { at, fee = '0', subtype = '', refid }: { at: number; fee?: string; subtype?: string; refid?: string },
  ): LedgerRow {
    this.credit(asset, fixed(amount) - fixed(fee));
    const id = `L${this.#id()}`;
    const row: LedgerRow = {
      id,
      at,
      body: {
        refid: refid ?? `Q${this.#id()}`,
        time: at / 1_000,
        type,
        subtype,
        aclass: 'currency',
        asset,
        amount,
        fee,
        balance: decimal(this.balances.get(asset) ?? 0n),
      },
    };
    this.rows.push(row);
    return row;
  }

  /** A fill: two rows with one reference. */
  trade(
    [base, quote]: [string, string],
    side: 'buy' | 'sell',
    { price, volume, fee, at }: { price: string; volume: string; fee: string; at: number },
  ): LedgerRow[] {
    const refid = `T${this.#id()}`;
    const cost = decimal(mul(fixed(price), fixed(volume)));
    const [given, taken] = side === 'buy' ? [`-${cost}`, volume] : [cost, `-${volume}`];
    const about = { at, refid, subtype: 'tradespot' };
    return [this.row('trade', quote, given, { ...about, fee }), this.row('trade', base, taken, about)];
  }

  /** Between the spot and the earning wallet. */
  allocate(asset: string, amount: string, at: number): void {
    const about = { at, refid: `E${this.#id()}`, subtype: 'autoallocation' };
    this.row('earn', asset, `-${amount}`, about);
    this.row('earn', `${asset}.F`, amount, about);
  }

  protected answer({ path, body, headers }: ServerRequest): ServerAnswer {
    // An hour behind.
    const unixtime = Math.floor(Date.now() / 1_000) - 3_600;
    if (path === '/0/public/Time') return { status: 200, body: { error: [], result: { unixtime } } };
    const params = new URLSearchParams(body);
    const fault = this.#fault(path, body, params, headers);
    if (fault !== null) return { status: 200, body: { error: [fault] } };
    if (path === '/0/private/BalanceEx') {
      const result = [...this.balances].map(([code, amount]) => [
        code,
        { balance: decimal(amount), hold_trade: '0' },
      ]);
      return { status: 200, body: { error: [], result: Object.fromEntries(result) } };
    }
    if (path !== '/0/private/Ledgers') return { status: 200, body: { error: ['EGeneral:Unknown method'] } };
    this.beforePage();
    const start = Number(params.get('start') ?? 0) * 1_000;
    const end = Number(params.get('end') ?? Infinity) * 1_000;
    const found = this.rows
      .filter(({ at, isLate }) => at > start && at <= end && isLate !== true)
      .reverse()
      .sort((a, b) => b.at - a.at);
    const offset = Number(params.get('ofs') ?? 0);
    const ledger = Object.fromEntries(
      found.slice(offset, offset + PAGE).map(({ id, body: row }) => [id, row]),
    );
    return { status: 200, body: { error: [], result: { ledger, count: found.length } } };
  }

  protected refuseStream(): number | null {
    return 404;
  }

  protected subscribe(): { isIn: boolean; answer: object | null } {
    return { isIn: false, answer: null };
  }

  #fault(
    path: string,
    body: string,
    params: URLSearchParams,
    headers: ServerRequest['headers'],
  ): string | null {
    if (headers['api-key'] !== this.apiKey) return 'EAPI:Invalid key';
    const nonce = params.get('nonce') ?? '';
    const digest = createHash('sha256')
      .update(nonce + body)
      .digest();
    const signature = createHmac('sha512', Buffer.from(this.secretKey, 'base64'))
      .update(path)
      .update(digest)
      .digest('base64');
    if (headers['api-sign'] !== signature) return 'EAPI:Invalid signature';
    if (Number(nonce) <= this.nonce) return 'EAPI:Invalid nonce';
    this.nonce = Number(nonce);
    return null;
  }

  #id(): string {
    return `AAAAA-AAAAA-${String(this.nextId()).padStart(6, '0')}`;
  }
}
