import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { watch, watchOutput } from './log-watch.ts';
import { bundledProgram } from './node-bundle.ts';

/** A node of Marktide as a process of its own. */
export interface NodeProcess {
  url: string;
  pid: number;
  /** All it has printed, logs included. */
  output(): string;
  /** Sends a signal and waits for the end. @returns the exit code, null when a signal ended it */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const SECRETS = {
  JWT_SECRET: 'a secret that only the tests of this project use',
  ADMIN_PASSWORD: 'the admin of a test',
};

/** A node of a test lives for seconds: to optimize PGlite's code takes more processor time than it ever gives back. */
export const BRIEF = ['--liftoff-only'];

/**
 * Starts the program; resolves when it serves. @throws with its output when it ends before
 * @param program what Node.js is called with: what is built of these sources, in a bundle, unless it is said where else
 * @param flags of Node.js: those of a test, unless its speed is measured
 * @param logTo a file that its log is appended to, instead of `output`
 */
export async function startNode(
  env: Record<string, string>,
  program = [bundledProgram()],
  flags: readonly string[] = BRIEF,
  logTo: string | null = null,
): Promise<NodeProcess> {
  const log = logTo === null ? null : openSync(logTo, 'a');
  const before = log === null ? 0 : fstatSync(log).size;
  const child: ChildProcess = spawn(process.execPath, [...flags, ...program], {
    cwd: PACKAGE_ROOT,
    env: {
      PATH: process.env['PATH'] ?? '',
      PORT: '0',
      ...SECRETS,
      // As much as can be logged: it is looked through for secrets.
      LOG_LEVEL: 'trace',
      SHUTDOWN_DELAY_MS: '0',
      DRAIN_MS: '200',
      RATE_LIMIT_STREAM: '1000000',
      ...env,
    },
    stdio: ['ignore', log ?? 'pipe', 'pipe'],
  });
  if (log !== null) closeSync(log);
  watch.learn(...Object.values(SECRETS), env['JWT_SECRET'], env['ADMIN_PASSWORD']);
  let output = '';
  const onExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onExit);
  child.once('exit', () => process.off('exit', onExit));
  const url = await new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      output += chunk.toString();
      const started = startedAt(output);
      if (started !== undefined) resolve(started);
    };
    for (const stream of [child.stdout, child.stderr]) {
      const watched = watchOutput();
      stream?.on('data', (chunk: Buffer) => {
        watched(chunk.toString());
        hear(chunk);
      });
    }
    child.once('exit', (code) => reject(new Error(`it ended with ${code}:\n${output}`)));
    if (logTo === null) return;
    const polling = setInterval(() => {
      const url = startedAt(readFileSync(logTo).toString('utf8', before));
      if (url !== undefined) resolve(url);
      if (url !== undefined || child.exitCode !== null) clearInterval(polling);
    }, 50);
  });
  return {
    url,
    pid: child.pid ?? 0,
    output: () => output,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const ended = once(child, 'exit') as Promise<[number | null]>;
      child.kill(signal);
      return (await ended)[0];
    },
  };
}

/** The address that a node prints when it serves. */
function startedAt(text: string): string | undefined {
  return /is at (http:\S+)[\s\S]*stream /.exec(text)?.[1];
}

/** Logs in over REST. @returns the header to send */
export async function logIn(
  url: string,
  email = 'admin@marktide.local',
  password = 'the admin of a test',
): Promise<string> {
  const response = await fetch(`${url}/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const { accessToken } = (await response.json()) as { accessToken: string };
  return `Bearer ${accessToken}`;
}
