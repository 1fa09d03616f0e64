import { readFileSync } from 'node:fs';

/** How long an event loop was held at most, in milliseconds. */
export interface Hold {
  wall: number;
  /** Of processor time: a busy machine does not lengthen it. */
  cpu: number;
}

const RESOLUTION_MS = 2;

/** Processor time of the main thread, in milliseconds; where it cannot be read, that of all threads of the process. */
function processorTime(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  }
}

/** Watches the event loop that it is made on. */
export class LoopHold {
  #longest: Hold = { wall: 0, cpu: 0 };
  #last = { at: performance.now(), cpu: processorTime() };
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#look(), RESOLUTION_MS);
    this.#timer.unref();
  }

  /** The longest hold since the last call. */
  take(): Hold {
    this.#look();
    const longest = this.#longest;
    this.#longest = { wall: 0, cpu: 0 };
    return longest;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const at = performance.now();
    const cpu = processorTime();
    const wall = Math.max(this.#longest.wall, at - this.#last.at);
    this.#longest = { wall, cpu: Math.max(this.#longest.cpu, cpu - this.#last.cpu) };
    this.#last = { at, cpu };
  }
}
