import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { ThreadEndedError, WorkerThread } from '../../lib/process/worker-thread.ts';
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

/** Queries accounts at exchanges, in a worker thread that starts with the first request. */
export class ExchangeClient {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #listeners = new Map<string, StreamListener>();
  #thread: WorkerThread<WorkerRequest, WorkerAnswer, WorkerNews> | null = null;
  #cancelIdle: (() => void) | null = null;
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
    this.#thread ??= this.#start();
    return (await this.#answer(
      this.#thread,
      request,
      `${request.method} at ${request.exchange}`,
    )) as AccountAnswers[M];
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
      else if (!this.#listeners.has(accountId)) this.#closeStream(accountId);
      return watched;
    } catch (error) {
      this.unwatch(accountId);
      throw error;
    }
  }

  unwatch(accountId: string): void {
    if (this.#listeners.delete(accountId)) this.#closeStream(accountId);
    this.#rest();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#end();
  }

  #start(): WorkerThread<WorkerRequest, WorkerAnswer, WorkerNews> {
    return new WorkerThread<WorkerRequest, WorkerAnswer, WorkerNews>({
      caller: import.meta.url,
      file: './exchange-worker',
      name: 'the worker that queries exchanges',
      onNews: (news) => this.#hear(news),
      onDeath: (error) => {
        this.#logger.error({ err: error }, 'the worker that queries exchanges has failed');
        this.#forget();
      },
    });
  }

  async #answer(
    thread: WorkerThread<WorkerRequest, WorkerAnswer, WorkerNews>,
    request: WorkerRequest,
    what: string,
  ): Promise<unknown> {
    try {
      const answer = await thread.ask(request, { clock: this.#clock, ms: ANSWER_MS, what });
      if ('failure' in answer) throw new AccountError(answer.failure);
      return answer.result;
    } catch (error) {
      if (error instanceof ThreadEndedError) throw new AccountError({ code: 'internal-error' });
      throw error;
    } finally {
      this.#rest();
    }
  }

  /** The next request starts another worker. */
  #forget(): void {
    this.#thread = null;
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    for (const { onEnd } of listeners) onEnd();
  }

  #hear(news: WorkerNews): void {
    const listener = this.#listeners.get(news.accountId);
    if ('news' in news) listener?.onNews(news.news);
    else listener?.onLoss(news.lost);
  }

  #closeStream(accountId: string): void {
    if (this.#thread === null) return;
    // Fails only if the worker has ended, and its streams with it.
    this.#answer(this.#thread, { unwatch: accountId }, 'closing a stream').catch(() => undefined);
  }

  #rest(): void {
    this.#cancelIdle?.();
    this.#cancelIdle = null;
    if (this.#thread?.isIdle === false || this.#listeners.size > 0 || this.#isClosed) return;
    this.#cancelIdle = this.#clock.after(IDLE_MS, () => void this.#end());
  }

  async #end(): Promise<void> {
    this.#cancelIdle?.();
    this.#cancelIdle = null;
    const thread = this.#thread;
    if (thread === null) return;
    const terminated = thread.terminate();
    this.#forget();
    await terminated;
  }
}
