import { problem } from '../../lib/problem.ts';

/** Places for work that is dear: so many at once on this node, and so many for one user. */
export class Slots {
  readonly #what: string;
  readonly #limit: { all: number; user: number };
  readonly #taken = new Map<string, number>();
  #count = 0;

  /** @param what in the plural, for those who are refused: `imports` */
  constructor(what: string, limit: { all: number; user: number }) {
    this.#what = what;
    this.#limit = limit;
  }

  /** How many are taken. */
  get size(): number {
    return this.#count;
  }

  /**
   * Takes a place. The function that is returned gives it back; calling it again does nothing.
   * @throws Problem 429 when the user has too many, 503 when the node has
   */
  take(userId: string): () => void {
    const mine = this.#taken.get(userId) ?? 0;
    const headers = { 'Retry-After': '5' };
    if (mine >= this.#limit.user) {
      throw problem('rate-limited', {
        detail: `You have ${mine} ${this.#what} running: the most there may be.`,
        headers,
      });
    }
    if (this.#count >= this.#limit.all) {
      throw problem('unavailable', { detail: `Too many ${this.#what} are running here.`, headers });
    }
    this.#count += 1;
    this.#taken.set(userId, mine + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#count -= 1;
      const left = (this.#taken.get(userId) ?? 1) - 1;
      if (left > 0) this.#taken.set(userId, left);
      else this.#taken.delete(userId);
    };
  }
}
