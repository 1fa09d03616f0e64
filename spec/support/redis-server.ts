import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './free-port.ts';
import { withParent } from './with-parent.ts';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Its data lies here: a test that wants an earlier state back copies this folder. */
  readonly folder: string;
  readonly pid: number;
  /** Sends the signal, and waits for the end if it is one that ends the server. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Kills it if it runs, and starts it again on the same port. */
  restart(options: { keepData: boolean }): Promise<void>;
  /** Freezes it: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** Ends it and deletes its folder. */
  stop(): Promise<void>;
}

function binary(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, 'redis-server')).find((path) => existsSync(path)) ?? null;
}

export function redisAvailable(): boolean {
  return binary() !== null;
}

/**
 * Starts a Redis of its own on a free port, in a temporary folder.
 * @param options.persistent keeps an append-only file, every command of which survives `kill('SIGKILL')`
 * @param options.parent makes its folder in there
 * @param options.args further arguments of `redis-server`
 */
export async function startRedisServer(
  options: { persistent?: boolean; args?: readonly string[]; parent?: string } = {},
): Promise<RedisServer> {
  const program = binary();
  if (program === null) throw new Error('there is no redis-server on this machine');
  const port = await freePort();
  const folder = await mkdtemp(join(options.parent ?? tmpdir(), 'marktide-redis-'));
  const appendonly = options.persistent === true ? 'yes' : 'no';
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', appendonly];
  // With `everysec` Redis puts a write off while the disk is busy, and SIGKILL takes what it has answered already.
  args.push('--appendfsync', 'always', ...(options.args ?? []));

  async function start(path: string): Promise<ChildProcess> {
    const child = spawn(...withParent('TERM', path, [...args, '--dir', folder]), {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await listening(child);
    return child;
  }

  let server = await start(program);
  const ended = (): boolean => server.exitCode !== null || server.signalCode !== null;
  // A test run that is cut short must not leave a server behind.
  const onExit = (): void => void server.kill('SIGKILL');
  process.once('exit', onExit);

  async function kill(signal: NodeJS.Signals): Promise<void> {
    if (ended()) return;
    if (!['SIGKILL', 'SIGTERM', 'SIGINT'].includes(signal)) {
      server.kill(signal);
      return;
    }
    const exited = once(server, 'exit');
    server.kill(signal);
    await exited;
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    folder,
    get pid() {
      return server.pid ?? 0;
    },
    kill,
    async restart({ keepData }) {
      await kill('SIGKILL');
      if (!keepData) await rm(join(folder, 'appendonlydir'), { recursive: true, force: true });
      server = await start(program);
    },
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    async stop() {
      await kill('SIGKILL');
      process.off('exit', onExit);
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** Resolves once it accepts connections; rejects with what it said when it ended instead. */
function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-100_000);
      if (said.includes('Ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`redis-server did not start: ${said}`)));
  });
}
