import { Worker, parentPort } from 'node:worker_threads';
import { withDeadline, type DeadlineOptions } from '../async/deadline.ts';

interface Request<R> {
  id: number;
  request: R;
}
type Message<A, N> = { id: number; answer: A } | { id: number; error: Error } | { news: N };

interface Pending<A> {
  resolve: (answer: A) => void;
  reject: (error: Error) => void;
}

/** The thread has ended, so nothing more will be answered. */
export class ThreadEndedError extends Error {
  constructor(name: string, cause?: Error) {
    super(cause === undefined ? `${name} has ended` : `${name} has ended: ${cause.message}`, { cause });
    this.name = 'ThreadEndedError';
  }
}

export interface WorkerThreadOptions<N> {
  /** `import.meta.url` of whoever starts it. */
  caller: string;
  /** The file beside the caller's, without its extension: `./exchange-worker`. It calls `serveRequests`. */
  file: string;
  /** Names the thread in errors: `the embedded database`. */
  name: string;
  /** Called with what the thread tells without being asked. */
  onNews?: (news: N) => void;
  /** The thread has failed, or ended by itself. Called once, after all pending requests were refused. */
  onDeath?: (error: ThreadEndedError) => void;
}

/**
 * A worker thread that is sent requests `R` and sends back an answer `A` to each, and news `N`. It keeps the process
 * running only while a request is pending.
 */
export class WorkerThread<R, A, N = never> {
  readonly #worker: Worker;
  readonly #name: string;
  readonly #pending = new Map<number, Pending<A>>();
  #last = 0;
  #ended: ThreadEndedError | null = null;

  constructor({ caller, file, name, onNews, onDeath }: WorkerThreadOptions<N>) {
    this.#name = name;
    this.#worker = startWorker(caller, file);
    this.#worker.unref();
    this.#worker.on('message', (message: Message<A, N>) => {
      if ('news' in message) onNews?.(message.news);
      else if ('error' in message) this.#pending.get(message.id)?.reject(message.error);
      else this.#pending.get(message.id)?.resolve(message.answer);
    });
    const die = (cause?: Error): void => {
      if (this.#ended === null) onDeath?.(this.#end(cause));
    };
    this.#worker.on('error', die);
    this.#worker.on('exit', () => die());
  }

  get isIdle(): boolean {
    return this.#pending.size === 0;
  }

  /** @throws ThreadEndedError, DeadlineError, or what the thread threw: its message, without fields of its own */
  async ask(request: R, deadline?: Pick<DeadlineOptions<A>, 'clock' | 'ms' | 'what'>): Promise<A> {
    if (this.#ended !== null) throw this.#ended;
    this.#last += 1;
    const id = this.#last;
    this.#worker.postMessage({ id, request } satisfies Request<R>);
    const answered = new Promise<A>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#worker.ref();
    try {
      return await (deadline === undefined ? answered : withDeadline(answered, deadline));
    } finally {
      this.#pending.delete(id);
      if (this.isIdle) this.#worker.unref();
    }
  }

  /** Ends the thread, in the middle of whatever it does. */
  async terminate(): Promise<void> {
    this.#end();
    await this.#worker.terminate();
  }

  #end(cause?: Error): ThreadEndedError {
    this.#ended ??= new ThreadEndedError(this.#name, cause);
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    return this.#ended;
  }
}

/**
 * In the thread: answers each request.
 * @param transferred the memory that an answer gives away instead of being copied
 */
export function serveRequests<A>(
  answer: (request: never) => Promise<A>,
  transferred: (answer: A) => ArrayBuffer[] = () => [],
): void {
  parentPort?.on('message', ({ id, request }: Request<never>) => {
    answer(request).then(
      (answer) => send<A>({ id, answer }, transferred(answer)),
      (cause: unknown) => send<A>({ id, error: cause instanceof Error ? cause : new Error(String(cause)) }),
    );
  });
}

/** In the thread: tells the node something that it has not asked for. */
export function sendNews(news: unknown): void {
  send<never, unknown>({ news });
}

function send<A, N = never>(message: Message<A, N>, transferred?: ArrayBuffer[]): void {
  parentPort?.postMessage(message, transferred);
}

function startWorker(caller: string, file: string): Worker {
  if (!caller.endsWith('.ts')) return new Worker(new URL(`${file}.js`, caller));
  // Sources: Node 20 does not hand its loader down to worker threads.
  const source = JSON.stringify(new URL(`${file}.ts`, caller).href);
  return new Worker(
    `import('tsx/esm/api').then(({ register }) => { register(); return import(${source}); })`,
    {
      eval: true,
    },
  );
}
