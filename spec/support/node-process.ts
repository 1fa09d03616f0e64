import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { watch, watchOutput } from './log-watch.ts';

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

/** Built from the sources as they are before the first test: see root-hooks.ts. */
const BUILT = ['dist/app/main.js'];

/**
 * Starts the program; resolves when it serves. @throws with its output when it ends before
 * @param program what Node.js is called with: what is built of these sources, unless it is said where else
 */
export async function startNode(env: Record<string, string>, program = BUILT): Promise<NodeProcess> {
  const child: ChildProcess = spawn(process.execPath, program, {
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
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  watch.learn(...Object.values(SECRETS), env['JWT_SECRET'], env['ADMIN_PASSWORD']);
  let output = '';
  const onExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onExit);
  child.once('exit', () => process.off('exit', onExit));
  const url = await new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      output += chunk.toString();
      const started = /is at (http:\S+)[\s\S]*stream /.exec(output)?.[1];
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
