import assert from 'node:assert/strict';
import { say } from './say.ts';

/** What a bot of a customer does: books fills, repeats what was not answered, and keeps what was acknowledged. */
export class Bot {
  readonly acknowledged = new Set<string>();
  /** When each of these was, as `performance.now()`. */
  readonly acknowledgedAt = new Map<string, number>();
  /** Answers other than success, by status; `0` for none at all. */
  readonly refused = new Map<number, number>();
  readonly #url: string;
  readonly #authorization: string;
  readonly #deadlineMs: number | null;
  #path = '';
  #next = 0;

  /** @param deadlineMs how long it waits for an answer; for ever if it is not said */
  constructor(url: string, authorization: string, deadlineMs: number | null = null) {
    this.#url = url;
    this.#authorization = authorization;
    this.#deadlineMs = deadlineMs;
  }

  get portfolioId(): string {
    return this.#path.split('/').at(-1) ?? '';
  }

  async openPortfolio(): Promise<void> {
    const answer = await this.#call('/v1/portfolios', { name: 'Bot', cashMode: 'untracked' });
    assert.equal(answer?.status, 201);
    this.#path = `/v1/portfolios/${((await answer.json()) as { id: string }).id}`;
  }

  /** Another bot, with fills of its own, for the same portfolio on another node. */
  on(url: string, authorization: string): Bot {
    const other = new Bot(url, authorization);
    other.#path = this.#path;
    other.#next = 1_000_000;
    return other;
  }

  /** Books so many new fills in one request. @returns its status, 0 when there was no answer */
  async book(count = 1, { note }: { note?: string } = {}): Promise<number> {
    const items = Array.from({ length: count }, () => {
      this.#next += 1;
      return {
        externalId: `f${this.#next}`,
        exchange: 'bot',
        symbol: `C${this.#next % 10}/KRW`,
        side: 'buy',
        quantity: '1',
        price: '1000',
        time: new Date(Date.UTC(2026, 0, 1) + this.#next * 1_000).toISOString(),
        ...(note === undefined ? {} : { note }),
      };
    });
    const answer = await this.#call(`${this.#path}/trades`, { items });
    const status = answer?.status ?? 0;
    await answer?.text();
    if (status === 200 || status === 201)
      for (const { externalId } of items) {
        this.acknowledged.add(externalId);
        this.acknowledgedAt.set(externalId, performance.now());
      }
    else this.refused.set(status, (this.refused.get(status) ?? 0) + 1);
    return status;
  }

  /** Books until the status is the wanted one, for at most a minute. */
  async bookUntil(wanted: number, options: { count?: number; note?: string } = {}): Promise<void> {
    const end = performance.now() + 60_000;
    for (;;) {
      const status = await this.book(options.count ?? 1, options);
      if (status === wanted) return;
      assert.ok(performance.now() < end, `still ${status} after a minute`);
    }
  }

  async get(path = ''): Promise<Response> {
    return await fetch(`${this.#url}${this.#path}${path}`, {
      headers: { authorization: this.#authorization },
    });
  }

  /** Everything acknowledged is in the ledger, and nothing is there twice. @returns how many are there */
  async assertKept(): Promise<number> {
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const answer = await this.get(`/trades?limit=1000&order=asc${query}`);
      assert.equal(answer.status, 200);
      const page = (await answer.json()) as { items: { externalId: string }[]; nextCursor: string | null };
      ids.push(...page.items.map(({ externalId }) => externalId));
      cursor = page.nextCursor;
    } while (cursor !== null);
    const there = new Set(ids);
    assert.equal(there.size, ids.length, 'a fill is there twice');
    const lost = [...this.acknowledged].filter((id) => !there.has(id));
    assert.deepEqual(lost, [], 'acknowledged fills are lost');
    const refused = [...this.refused].map(([status, count]) => `${count} × ${status}`).join(', ');
    say(
      `${this.acknowledged.size} acknowledged, ${ids.length} in the ledger, 0 lost, 0 twice; refused: ${refused || 'none'}`,
    );
    return ids.length;
  }

  async #call(path: string, body: unknown): Promise<Response | null> {
    try {
      return await fetch(this.#url + path, {
        method: 'POST',
        headers: { authorization: this.#authorization, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ...(this.#deadlineMs === null ? {} : { signal: AbortSignal.timeout(this.#deadlineMs) }),
      });
    } catch {
      return null;
    }
  }
}
