import type { Rest } from './rest.js';

/** The server accepts 8,000 bytes, but a proxy in between may accept less. */
const LONGEST_URL = 4_000;

/** The URL of a stream on channels: by their names, or by a subscription to them if the URL would be too long. */
export class StreamTarget {
  readonly #base: string;
  readonly #channels: readonly string[];
  readonly #replay: string;
  readonly #api: Pick<Rest, 'createStreamSubscription'>;
  #subscription: string | null = null;
  /** A stream was opened with the subscription, so it was valid. */
  #hasServed = false;

  constructor(
    base: string,
    channels: readonly string[],
    replay: 'full' | 'latest',
    api: Pick<Rest, 'createStreamSubscription'>,
  ) {
    this.#base = base;
    this.#channels = channels;
    this.#replay = replay;
    this.#api = api;
  }

  /** @throws MarktideError if a subscription is needed and refused */
  async url(): Promise<string> {
    const byName = this.#urlBy({ channels: this.#channels.join(',') });
    if (byName.length <= LONGEST_URL) return byName;
    if (this.#subscription === null) {
      const { id } = await this.#api.createStreamSubscription({ body: { channels: [...this.#channels] } });
      this.#subscription = id;
      this.#hasServed = false;
    }
    return this.#urlBy({ subscription: this.#subscription });
  }

  opened(): void {
    this.#hasServed = true;
  }

  /**
   * After a 404: the subscription may have expired.
   * @returns whether another attempt makes sense
   */
  forget(): boolean {
    const isWorth = this.#subscription !== null && this.#hasServed;
    this.#subscription = null;
    return isWorth;
  }

  #urlBy(selection: Record<string, string>): string {
    return `${this.#base}/v1/streams?${String(new URLSearchParams({ ...selection, replay: this.#replay }))}`;
  }
}
