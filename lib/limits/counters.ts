/** How many times a key was used in its window, including this use. */
export interface Usage {
  used: number;
  /** Milliseconds until the window ends and the count starts again. */
  resetMs: number;
}

/** A counter's name and the length of its window, which begins with the first use. */
export interface Window {
  name: string;
  seconds: number;
}

/**
 * Who shares the counts: `process`, this process alone; `fleet`, all nodes; `node`, each node for itself, while Redis
 * does not answer.
 */
export type Scope = 'process' | 'fleet' | 'node';

/** Uses of keys, counted by windows. `MemoryCounters`: of this process. `RedisCounters`: of all nodes. */
export interface Counters {
  /** As of the last use. */
  readonly scope: Scope;
  /** How many keys this process keeps. */
  readonly size: number;
  /** Counts one use. */
  take(window: Window, key: string): Promise<Usage>;
  /** Takes one use back. */
  giveBack(window: Window, key: string): Promise<void>;
  /** Takes all uses back. */
  forget(window: Window, key: string): Promise<void>;
}
