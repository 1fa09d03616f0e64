import type { Worker } from 'node:worker_threads';
import { withDeadline } from '../../lib/async/deadline.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { startWorker } from '../../lib/process/worker-thread.ts';
import { AccountError } from '../../lib/exchanges/account-failure.ts';
import type { WorkerAnswer, WorkerNews, WorkerRequest } from './exchange-worker.ts';
import type {
  AccountAnswers,
  AccountNews,
  AccountPlace,
  AccountRequest,
  Watched,
} from './exchanges/adapter.ts';

/** A page takes dozens of requests, each of which may wait for the exchange's rate limit. */
const ANSWER_MS = 180_000;
/** After this long without a request the worker is terminated: it takes some 100 MB. */
const IDLE_MS = 600_000;

/** The listener of an account's stream. */
export interface StreamListener {
  onNews: (news: AccountNews) => void;
  /** The connection to the exchange was lost and will be made again. */
  onLoss: (reason: string) => void;
  /** The stream has ended for good. */
  onEnd: () => void;
}

/** Accounts whose stream is open. */
export interface AccountStreams {
  watch(request: AccountPlace, listener: StreamListener): Promise<Watched | null>;
  unwatch(accountId: string): void;
}

interface Pending {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/** Queries accounts at exchanges, in a worker thread that starts with the first request. */
export class ExchangeClient {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<string, StreamListener>();
  #worker: Worker | null = null;
  #cancelIdle: (() => void) | null = null;
  #last = 0;
  #isClosed = false;

  constructor({ clock, logger }: { clock: Clock; logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** @throws AccountError, DeadlineError */
  async ask<M extends AccountRequest['method']>(
    request: AccountRequest & { method: M },
  ): Promise<AccountAnswers[M]> {
    if (this.#isClosed) throw new AccountError({ code: 'internal-error', reason: 'closing' });
    this.#worker ??= this.#start();
    this.#last += 1;
    const id = this.#last;
    const answered = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#tell({ id, request });
    try {
      const what = `${request.method} at ${request.exchange}`;
      return (await withDeadline(answered, { clock: this.#clock, ms: ANSWER_MS, what })) as AccountAnswers[M];
    } finally {
      this.#pending.delete(id);
      this.#rest();
    }
  }

  /**
   * Opens the private stream of an account, or replaces it if the credentials have changed.
   * @returns `null` if the exchange has none
   * @throws AccountError, DeadlineError
   */
  async watch(about: AccountPlace, listener: StreamListener): Promise<Watched | null> {
    const { accountId } = about;
    this.#listeners.set(accountId, listener);
    try {
      const watched = await this.ask({ ...about, method: 'watch' });
      if (watched === null) this.#listeners.delete(accountId);
      // Closed in the meantime.
      else if (!this.#listeners.has(accountId)) this.#tell({ unwatch: accountId });
      return watched;
    } catch (error) {
      this.unwatch(accountId);
      throw error;
    }
  }

  unwatch(accountId: string): void {
    if (this.#listeners.delete(accountId)) this.#tell({ unwatch: accountId });
    this.#rest();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#end();
  }

  #start(): Worker {
    const worker = startWorker(import.meta.url, './exchange-worker');
    worker.unref();
    worker.on('message', (answer: WorkerAnswer | WorkerNews) => {
      if ('accountId' in answer) return this.#hear(answer);
      const pending = this.#pending.get(answer.id);
      if ('failure' in answer) pending?.reject(new AccountError(answer.failure));
      else pending?.resolve(answer.result);
    });
    worker.on('error', (error) => {
      this.#logger.error({ err: error }, 'the worker that asks exchanges has failed');
      this.#fail(worker);
    });
    worker.on('exit', () => this.#fail(worker));
    return worker;
  }

  /** The next request starts another worker. */
  #fail(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    for (const { reject } of this.#pending.values()) reject(new AccountError({ code: 'internal-error' }));
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    for (const { onEnd } of listeners) onEnd();
  }

  #hear(news: WorkerNews): void {
    const listener = this.#listeners.get(news.accountId);
    if ('news' in news) listener?.onNews(news.news);
    else listener?.onLoss(news.lost);
  }

  #tell(message: WorkerRequest): void {
    this.#worker?.postMessage(message);
  }

  #rest(): void {
    this.#cancelIdle?.();
    this.#cancelIdle = null;
    if (this.#pending.size > 0 || this.#listeners.size > 0 || this.#isClosed) return;
    this.#cancelIdle = this.#clock.after(IDLE_MS, () => void this.#end());
  }

  async #end(): Promise<void> {
    this.#cancelIdle?.();
    this.#cancelIdle = null;
    const worker = this.#worker;
    if (worker !== null) this.#fail(worker);
    await worker?.terminate();
  }
}
