/** Where the trades of a symbol continue. `id`: that of the exchange, `null` if unknown. */
export interface LastTrade {
  id: string | null;
  /** Epoch milliseconds. */
  time: number;
}

/**
 * How many ids are remembered while nothing is being repaired: exchanges resend the last trades with every
 * subscription.
 */
const KEPT = 2_000;
/** The same while trades also come from the history. */
const MAX_IDS = 25_000;

const NUMBER = /^\d{1,30}$/;

/** Whether one trade comes after another: by increasing ids if both have such, otherwise by time. */
export function isAfter(trade: LastTrade, other: LastTrade): boolean {
  const { id } = trade;
  if (id !== null && other.id !== null) {
    if (id === other.id) return false;
    if (NUMBER.test(id) && NUMBER.test(other.id)) return BigInt(id) > BigInt(other.id);
    // Other ids have no order, and two trades may share a millisecond.
    return trade.time >= other.time;
  }
  return trade.time > other.time;
}

/** Whether the ids of two trades, which increase by one, leave a hole between them. */
export function isHole(before: LastTrade, next: LastTrade): boolean {
  const ids = [before.id, next.id];
  if (!ids.every((id) => id !== null && NUMBER.test(id))) return false;
  return BigInt(next.id ?? 0) > BigInt(before.id ?? 0) + 1n;
}

/** The trades of one symbol that were taken. Each is taken once, however it arrives. */
export class TradeTape {
  readonly #ids = new Set<string>();
  #last: LastTrade | null;

  /** @param last where an earlier run stopped */
  constructor(last: LastTrade | null) {
    this.#last = last;
    if (last?.id) this.#ids.add(last.id);
  }

  /** The newest trade taken. */
  get last(): LastTrade | null {
    return this.#last;
  }

  /** @returns whether it is new; a trade without an id always is */
  take(trade: LastTrade): boolean {
    if (trade.id !== null) {
      if (this.#ids.has(trade.id)) return false;
      this.#ids.add(trade.id);
      this.#trim(MAX_IDS);
    }
    if (this.#last === null || isAfter(trade, this.#last)) this.#last = trade;
    return true;
  }

  /** Nothing is being repaired any more. */
  settle(): void {
    this.#trim(KEPT);
  }

  #trim(most: number): void {
    for (const oldest of this.#ids) {
      if (this.#ids.size <= most) return;
      this.#ids.delete(oldest);
    }
  }
}
