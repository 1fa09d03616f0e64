/** What a key has used of its window, this use included. */
export interface Usage {
  used: number;
  /** Milliseconds until the window ends and the count starts again. */
  resetMs: number;
}

/** What is counted together, and for how long: a window begins with its first use. */
export interface Window {
  name: string;
  seconds: number;
}

/** Uses of keys, counted by windows. `MemoryCounters`: of this process. `RedisCounters`: of all nodes. */
export interface Counters {
  /** Counts one use more. @throws Error when the counters cannot be reached */
  take(window: Window, key: string): Promise<Usage>;
  /** Takes one use back. */
  giveBack(window: Window, key: string): Promise<void>;
  /** Takes all uses back. */
  forget(window: Window, key: string): Promise<void>;
}
