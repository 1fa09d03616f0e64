import { StreamClient } from './stream-client.ts';

/** How long a reader waits before it comes back: shorter than it is told to, as tests are in a hurry. */
const PAUSE_MS = 50;

/** A reader as an EventSource is one: whenever its stream ends, it comes back with its last id. */
export class ResumingReader {
  /** The prices of the trades it got, in order. */
  readonly prices: number[] = [];
  connections = 0;
  resets = 0;
  /** Answers that would have killed an EventSource. */
  refusals = 0;
  /** Codes of the notices it got. */
  readonly notices = new Set<string>();
  readonly #url: string;
  readonly #silenceMs: number | null;
  #client: StreamClient;
  #lastEventId: string | null = null;
  #taken = 0;
  #isOver = false;
  readonly #ended: Promise<void>;

  /** @param silenceMs after that long without a byte it gives a connection up, which no EventSource does */
  constructor(url: string, silenceMs: number | null = null) {
    this.#url = url;
    this.#silenceMs = silenceMs;
    this.#client = this.#open();
    this.#ended = this.#run();
  }

  /** Resolves when it is in step for the first time. */
  ready(): Promise<void> {
    return this.#client.ready();
  }

  /** Resolves when a trade of that price has come, over whatever connections. */
  async has(price: number): Promise<void> {
    while (!this.prices.includes(price)) {
      const client = this.#client;
      await Promise.race([client.closed(), client.until(() => this.#look(client, price)).catch(() => null)]);
      if (client.isClosed) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** The price of the last trade so far. */
  get latest(): number {
    this.#take(this.#client);
    return this.prices.at(-1) ?? 0;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    this.#client.cut();
    await this.#ended;
  }

  #look(client: StreamClient, price: number): boolean {
    this.#take(client);
    return this.prices.includes(price);
  }

  #open(): StreamClient {
    this.connections += 1;
    this.#taken = 0;
    return new StreamClient(this.#url, { lastEventId: this.#lastEventId });
  }

  /** What has come since it looked last. */
  #take(client: StreamClient): void {
    for (const { event, data } of client.events.slice(this.#taken)) {
      if (event === 'trade') this.prices.push(Number(data.price));
      if (event === 'reset') this.resets += 1;
      if (event === 'notice') this.notices.add(String(data.code));
    }
    this.#taken = client.events.length;
  }

  async #run(): Promise<void> {
    for (;;) {
      const client = this.#client;
      const watching = this.#silenceMs === null ? undefined : cutInSilence(client, this.#silenceMs);
      // A healthy stream may outlast the patience of a test for one event.
      while (!client.isClosed) await client.closed().catch(() => null);
      clearInterval(watching);
      this.#take(client);
      this.#lastEventId = client.lastEventId;
      if (client.status !== 0 && client.status !== 200) this.refusals += 1;
      if (this.#isOver) return;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      if (this.#isOver) return;
      this.#client = this.#open();
    }
  }
}

function cutInSilence(client: StreamClient, silenceMs: number): ReturnType<typeof setInterval> {
  let heard = client.body.length;
  let heardAt = performance.now();
  return setInterval(() => {
    if (client.body.length !== heard) [heard, heardAt] = [client.body.length, performance.now()];
    else if (performance.now() - heardAt > silenceMs) client.cut();
  }, 50);
}
