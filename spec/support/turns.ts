export interface Turns<T> {
  /** That the event loop has made until the work was done. */
  turns: number;
  /** Processor time that the work took, in milliseconds: a busy machine does not lengthen it. */
  cpu: number;
  result: T;
}

/** Counts the turns of the event loop while some work is done. */
export async function turnsOf<T>(work: () => Promise<T>): Promise<Turns<T>> {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const before = process.cpuUsage();
  try {
    const result = await work();
    const { user, system } = process.cpuUsage(before);
    return { turns, cpu: (user + system) / 1_000, result };
  } finally {
    isOver = true;
  }
}

/** Holds the event loop for some milliseconds: work whose cost does not depend on the machine. */
export function hold(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}
