import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

interface Question {
  number: number;
  what: string;
  argument: unknown;
}

interface Answer {
  number: number;
  value?: unknown;
  error?: string;
}

/** What a child process can be asked for, by name. */
export type Abilities = Record<string, (argument: never) => unknown>;

// In a child, from the start: its parent may end while it is still starting up.
if (process.send !== undefined) {
  process.once('disconnect', () => process.exit(0));
  if (!process.connected) process.exit(0);
}

/** In the child: answers its parent. */
export function answerParent(abilities: Abilities): void {
  const reply = (answer: Answer): void => void process.send?.(answer);
  process.on('message', ({ number, what, argument }: Question) => {
    void Promise.resolve()
      .then(() => abilities[what]?.(argument as never))
      .then(
        (value) => reply({ number, value }),
        (error: unknown) => reply({ number, error: error instanceof Error ? error.stack : String(error) }),
      );
  });
}

const isBuilt = import.meta.url.endsWith('.js');

/** A child process of a benchmark. It never outlives its parent. */
export class Child {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #number = 0;

  /** @param file relative to this folder */
  constructor(file: string, env: Record<string, string> = {}, nodeOptions: string[] = []) {
    const path = fileURLToPath(new URL(isBuilt ? file.replace(/\.ts$/, '.js') : file, import.meta.url));
    this.#child = fork(path, [], {
      execArgv: [...(isBuilt ? [] : ['--import', 'tsx']), ...nodeOptions],
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (answer: Answer) => {
      this.#waiting.get(answer.number)?.(answer);
      this.#waiting.delete(answer.number);
    });
    this.#child.on('exit', (code) => {
      for (const [number, settle] of this.#waiting) settle({ number, error: `${file} ended with ${code}` });
      this.#waiting.clear();
    });
  }

  /** @throws if the child fails, ends, or does not answer in time */
  ask<T>(what: string, argument: unknown = null, timeoutMs = 120_000): Promise<T> {
    this.#number += 1;
    const number = this.#number;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${what} in ${timeoutMs} ms`)), timeoutMs);
      this.#waiting.set(number, ({ value, error }) => {
        clearTimeout(timer);
        if (error === undefined) resolve(value as T);
        else reject(new Error(`${what}: ${error}`));
      });
      this.#child.send({ number, what, argument } satisfies Question);
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => {
      this.#child.once('exit', resolve);
    });
    this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }
}
