import { readFileSync, statSync } from 'node:fs';
import type { ProxiedFleet } from '../deploy/proxied-fleet.ts';
import { Slowness } from './slowness.ts';

/** What a line of a node's log begins with here. */
export const LOG = 'log: ';
const EVERY_MS = 100;
const WARN = 40;
/** How long who asks waits, as balancers and monitors do. */
const PATIENCE_MS = 2_000;

/** All that says during a fault that something is wrong: to readers, writers, balancers and operators. */
export class Told {
  readonly #fleet: ProxiedFleet;
  readonly #url: string;
  readonly #slowness: Slowness;
  readonly #logFile: string | null;
  readonly #seen = new Set<string>();
  readonly #over = new AbortController();
  readonly #watching: Promise<unknown>;
  /** How much of the output of each has been read. */
  readonly #read = new Map<object | string, number>();

  /**
   * @param url where people reach the fleet
   * @param logFile where the first node's log goes, if that is a file
   */
  constructor(fleet: ProxiedFleet, url: string, logFile: string | null) {
    this.#fleet = fleet;
    this.#url = url;
    this.#slowness = new Slowness(fleet);
    this.#logFile = logFile;
    for (const node of fleet.nodes) this.#read.set(node, node.output().length);
    this.#read.set('proxy', fleet.proxy.errors().length);
    if (logFile !== null) this.#read.set(logFile, statSync(logFile).size);
    this.#watching = Promise.all([this.#ask(0), this.#ask(1), this.#askAsPeople(), this.#listen()]);
  }

  /** The fault is there and has not ended: what is seen between two calls is its doing alone. */
  async lookAtFigures(): Promise<void> {
    for (const figure of await this.#slowness.look()) this.add(figure);
  }

  add(what: string): void {
    this.#seen.add(what);
  }

  has(pattern: RegExp): boolean {
    return this.list().some((what) => pattern.test(what));
  }

  list(): string[] {
    return [...this.#seen].sort();
  }

  /** Without what the lines of the logs are. */
  inShort(): string[] {
    const others = this.list().filter((each) => !each.startsWith(LOG));
    return others.length < this.#seen.size ? [...others, 'the log'] : others;
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#watching;
    this.#hear();
  }

  async #ask(index: 0 | 1): Promise<void> {
    while (!this.#over.signal.aborted) {
      try {
        const answer = await fetch(`${this.#fleet.nodes[index].url}/readyz`, {
          signal: AbortSignal.timeout(PATIENCE_MS),
        });
        const text = await answer.text();
        if (answer.status !== 200) for (const name of unwell(text)) this.add(`/readyz: \`${name}\``);
      } catch {
        this.add('/readyz: no answer');
      }
      await pause();
    }
  }

  /** What a monitor outside sees. */
  async #askAsPeople(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const before = performance.now();
      try {
        const answer = await fetch(`${this.#url}/healthz`, { signal: AbortSignal.timeout(PATIENCE_MS) });
        await answer.text();
        if (answer.status !== 200) this.add(`from outside: ${answer.status}`);
        this.#slowness.answered(before, performance.now());
      } catch {
        this.add('from outside: no answer');
      }
      await pause();
    }
  }

  async #listen(): Promise<void> {
    while (!this.#over.signal.aborted) {
      this.#hear();
      await pause();
    }
  }

  #hear(): void {
    for (const node of this.#fleet.nodes) this.#hearLines(this.#new(node, node.output()));
    if (this.#logFile !== null)
      this.#hearLines(this.#new(this.#logFile, readFileSync(this.#logFile, 'utf8')));
    if (/\[(?:error|crit|alert|emerg)\]/.test(this.#new('proxy', this.#fleet.proxy.errors())))
      this.add("the proxy's log");
  }

  /** What has been added since the last time. */
  #new(source: object | string, text: string): string {
    const fresh = text.slice(this.#read.get(source) ?? 0);
    // A line that is not whole is read next time.
    const whole = fresh.slice(0, fresh.lastIndexOf('\n') + 1);
    this.#read.set(source, (this.#read.get(source) ?? 0) + whole.length);
    return whole;
  }

  #hearLines(text: string): void {
    for (const line of text.split('\n')) {
      const message = line.startsWith('{') ? warning(line) : undefined;
      if (message !== undefined) this.add(LOG + message);
      const [last] = /^FATAL ERROR: .*/.exec(line) ?? [];
      if (last !== undefined) this.add(`its last line: "${last}"`);
    }
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, EVERY_MS));
}

function warning(line: string): string | undefined {
  try {
    const { level, msg } = JSON.parse(line) as { level: number; msg: string };
    return level >= WARN ? msg : undefined;
  } catch {
    // The disk was full in the middle of it.
    return undefined;
  }
}

/** The names of the checks that fail. */
function unwell(text: string): string[] {
  const checks = Object.entries(JSON.parse(text) as Record<string, { ready?: boolean } | null>);
  return checks.filter(([, check]) => check?.ready === false).map(([name]) => name);
}
