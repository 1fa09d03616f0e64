import { createClient, type Subscription } from '../../lib/client/index.ts';

/** A reader of a portfolio's fills by `marktide/client`, as programs are told to be. */
export class FillReader {
  /** The ids of the fills it got. */
  readonly told = new Set<string>();
  /** Fills that came twice. */
  repeated = 0;
  resets = 0;
  reconnects = 0;
  /** Codes of the notices it got. */
  readonly notices = new Set<string>();
  /** Why it was refused for good. */
  refusal: Error | null = null;
  readonly #subscription: Subscription;
  #isReady: () => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;
  readonly #ready = new Promise<void>((resolve, reject) => {
    [this.#isReady, this.#fail] = [resolve, reject];
  });

  constructor(url: string, login: { email: string; password: string }, portfolioId: string) {
    this.#subscription = createClient({ url, login }).subscribe([`fills:${portfolioId}`], {
      ready: () => this.#isReady(),
      fill: (event) => {
        if (!('trade' in event)) return;
        const id = event.trade.externalId ?? '';
        if (this.told.has(id)) this.repeated += 1;
        this.told.add(id);
      },
      reset: () => void (this.resets += 1),
      notice: ({ code }) => void this.notices.add(code),
      state: (state) => {
        if (state === 'resuming') this.reconnects += 1;
      },
      error: (error) => {
        this.refusal = error;
        this.#fail(error);
      },
    });
  }

  /** @throws why it was refused, if it was before */
  ready(): Promise<void> {
    return this.#ready;
  }

  async stop(): Promise<void> {
    this.#subscription.close();
    await this.#subscription.done;
  }
}
