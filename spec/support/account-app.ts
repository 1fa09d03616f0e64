import { decimal, ZERO } from '../../lib/money/money.ts';
import { type Answer, startApp, type TestApp, type TestUser } from './app.ts';
import { eventually } from './eventually.ts';
import { HeldClock } from './held-clock.ts';
import { watch } from './log-watch.ts';
import { UNLIMITED } from './routes/door.ts';
import { UpbitAccounts } from './upbit-accounts.ts';

export const DAY = 86_400_000;
/** The first day of Upbit: there is little history to read. */
export const START = Date.UTC(2017, 9, 24);

export interface AccountBody {
  id: string;
  phase: string;
  failure: { code: string; detail: string } | null;
  reconciled: boolean | null;
  lastSuccessAt: string | null;
  reconciledAt: string | null;
}

/** A server, a stand-in for Upbit, and a portfolio that an account there can be connected to. */
export class AccountApp {
  readonly upbit = new UpbitAccounts();
  readonly clock = new HeldClock();
  path = '';
  #app: TestApp | null = null;
  #owner: TestUser | null = null;
  #viewer: TestUser | null = null;

  get app(): TestApp {
    if (this.#app === null) throw new TypeError('not started');
    return this.#app;
  }

  get owner(): TestUser {
    if (this.#owner === null) throw new TypeError('not started');
    return this.#owner;
  }

  /** Somebody else, who may only read what is theirs. */
  get viewer(): TestUser {
    if (this.#viewer === null) throw new TypeError('not started');
    return this.#viewer;
  }

  async start(env: Record<string, string> = {}): Promise<void> {
    await this.upbit.start();
    watch.learn(this.upbit.secretKey);
    this.#app = await startApp({
      clock: this.clock,
      env: { ACCOUNT_POLL_S: '5', ...UNLIMITED, ...this.upbit.env, ...env },
    });
    this.#owner = await this.#app.user();
    this.#viewer = await this.#app.user('viewer');
    // Not before the log-in: tokens are checked by the real clock.
    this.clock.shift = START + 60 * DAY - Date.now();
  }

  async stop(): Promise<void> {
    await this.#app?.close();
    await this.upbit.stop();
  }

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    return await this.app.call(method, path, { as: this.owner, ...(body === undefined ? {} : { body }) });
  }

  /** An empty portfolio, and an account at the exchange that nothing has happened to. */
  async renew(): Promise<void> {
    this.upbit.clear();
    await this.newPortfolio();
  }

  /** An empty portfolio for an account that lives on. */
  async newPortfolio(): Promise<void> {
    const { body } = await this.call('POST', '/v1/portfolios', { name: 'Own' });
    this.path = `/v1/portfolios/${body.id}`;
  }

  async connect(fields: object = {}): Promise<Answer> {
    return await this.call('POST', `${this.path}/accounts`, { ...this.upbit.input, ...fields });
  }

  async account(): Promise<AccountBody> {
    const { body } = await this.call('GET', `${this.path}/accounts`);
    return body.items[0];
  }

  /** Waits until a node hears the private stream. */
  async listened(count = 1): Promise<void> {
    await eventually(() => this.upbit.listeners === count, `${count} listeners`);
  }

  async sync(): Promise<void> {
    const { id } = await this.account();
    await this.call('POST', `${this.path}/accounts/${id}/sync`);
  }

  /** Waits until the account has been read after a time, and its balances agree, or do not. */
  async reconciled(expected: boolean, since = 0): Promise<void> {
    await eventually(
      async () => {
        const { reconciled, lastSuccessAt } = await this.account();
        return reconciled === expected && Date.parse(lastSuccessAt ?? '') >= since;
      },
      expected ? 'agreeing with the exchange' : 'differing from the exchange',
      { everyMs: 50 },
    );
  }

  async holdings(): Promise<Record<string, string>> {
    const { body } = await this.call('GET', `${this.path}/holdings?limit=100`);
    return Object.fromEntries(
      body.items.map(({ asset, quantity }: { asset: string; quantity: string }) => [asset, quantity]),
    );
  }

  truth(): Record<string, string> {
    return Object.fromEntries(
      [...this.upbit.balances]
        .filter(([, amount]) => amount !== ZERO)
        .map(([asset, amount]) => [asset, decimal(amount)]),
    );
  }

  /** A short life of an account. */
  life(): void {
    const { upbit } = this;
    upbit.move('deposit', 'KRW', { amount: '10000000', at: START + DAY });
    upbit.trade('KRW-BTC', 'bid', { price: '60000000', volume: '0.05', at: START + 2 * DAY });
    upbit.trade('KRW-BTC', 'ask', { price: '61000000', volume: '0.01', at: START + 30 * DAY });
    upbit.move('withdraw', 'BTC', { amount: '0.005', fee: '0.0009', at: START + 40 * DAY });
    upbit.move('withdraw', 'KRW', { amount: '300000', fee: '1000', at: START + 41 * DAY });
  }
}
