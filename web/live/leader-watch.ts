const CHECK_MS = 1_000;
const QUIET_MS = 4_000;
const DOUBT_MS = 1_000;
const ANSWER_MS = 3_000;

interface LeaderWatchOptions {
  /** Whether another tab leads. */
  follows(): boolean;
  /** Asks the leader whether it is alive. */
  ask(): void;
  isInTrouble(): boolean;
  takeOver(): void;
  /** Called when `isDoubtful` has changed. */
  changed(): void;
}

/**
 * Watches the leading tab from another tab while that one is visible. Browsers throttle and suspend hidden
 * tabs: a leader that does not answer, or that is hidden and cannot reach the server, is replaced.
 */
export class LeaderWatch {
  readonly #on: LeaderWatchOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  #heardAt = Date.now();
  #askedAt: number | null = null;
  #troubleSince: number | null = null;
  /** The leader has not answered yet, so its last message may be old. */
  isDoubtful = false;

  constructor(on: LeaderWatchOptions) {
    this.#on = on;
    this.#timer = setInterval(() => this.look(), CHECK_MS);
  }

  /** The leader has sent something. */
  heard(): void {
    this.#heardAt = Date.now();
    this.#askedAt = null;
    this.isDoubtful = false;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    if (document.hidden || !this.#on.follows()) {
      this.#askedAt = null;
      this.#troubleSince = null;
      return;
    }
    const now = Date.now();
    const asked = this.#askedAt === null ? 0 : now - this.#askedAt;
    this.#doubt(asked >= DOUBT_MS);
    this.#troubleSince = this.#on.isInTrouble() ? (this.#troubleSince ?? now) : null;
    const trouble = this.#troubleSince === null ? 0 : now - this.#troubleSince;
    if (asked >= ANSWER_MS || trouble >= ANSWER_MS) {
      this.#heardAt = now;
      this.#askedAt = null;
      this.#troubleSince = null;
      this.#on.takeOver();
    } else if (this.#askedAt === null && now - this.#heardAt >= QUIET_MS) {
      this.#askedAt = now;
      this.#on.ask();
    }
  }

  #doubt(isDoubtful: boolean): void {
    if (this.isDoubtful === isDoubtful) return;
    this.isDoubtful = isDoubtful;
    this.#on.changed();
  }
}
