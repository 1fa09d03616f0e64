import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bundledScript } from '../node-bundle.ts';
import { BRIEF } from '../node-process.ts';

export interface Child {
  readonly process: ChildProcess;
  /** Every line printed so far. */
  readonly lines: string[];
  /** Resolves when it has printed so many lines, or has ended. */
  printed(count: number): Promise<void>;
  /** Ends it, and waits for the end. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** Runs a TypeScript file of this folder in a process of its own. */
export function startChild(file: string, args: string[]): Child {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [...BRIEF, bundledScript(path), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  const closed = Promise.all([once(child, 'exit'), once(reader, 'close')]);
  return {
    process: child,
    lines,
    async printed(count) {
      while (lines.length < count && child.exitCode === null && child.signalCode === null) {
        await Promise.race([once(reader, 'line'), closed]);
      }
    },
    async end(signal) {
      child.kill(signal);
      await closed;
    },
  };
}
