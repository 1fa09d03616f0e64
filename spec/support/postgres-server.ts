import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { withParent } from './with-parent.ts';

export interface PostgresServer {
  /** `postgres://…/postgres`, of a superuser without password. */
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  readonly pid: number;
  /** Sends the signal to the whole server, and waits for its end if it is one that ends it. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same folder and port, after `kill` or by stopping it first. */
  restart(): Promise<void>;
  /** Freezes every process of the server: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** Stops it and deletes its folder. */
  stop(): Promise<void>;
  /** Nobody needs to stop it: it does not keep this process from ending, and goes with it. */
  endWithProcess(): void;
}

const run = promisify(execFile);

/** The folder with `postgres`, `initdb` and `pg_basebackup`, or `null` when there is none on this machine. */
function binaries(): string | null {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root)
    ? readdirSync(root).sort((a, b) => Number.parseFloat(b) - Number.parseFloat(a))
    : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((version) => join(root, version, 'bin')),
  ];
  return (
    folders.find((dir) =>
      ['initdb', 'postgres', 'pg_basebackup'].every((name) => existsSync(join(dir, name))),
    ) ?? null
  );
}

export function postgresAvailable(): boolean {
  return binaries() !== null;
}

/**
 * Starts a PostgreSQL server of its own on a free port, in a temporary folder.
 * @param options.durable fsync as in production, for tests that kill it; otherwise quick
 * @param options.parent makes its folder in there
 * @param options.standbyOf the port of a primary that it copies and then follows, asynchronously
 * @param options.sharedBuffers memory for pages, as PostgreSQL writes it: `1GB`
 */
export async function startPostgres(
  options: { durable?: boolean; parent?: string; sharedBuffers?: string; standbyOf?: number } = {},
): Promise<PostgresServer> {
  const bin = binaries();
  if (bin === null) throw new Error('there are no PostgreSQL binaries on this machine');
  const user = unprivilegedUser();
  const folder = await mkdtemp(join(options.parent ?? tmpdir(), 'marktide-pg-'));
  if (user) await chown(folder, user.uid, user.gid);
  await chmod(folder, 0o700);
  const [tool, how] =
    options.standbyOf === undefined
      ? ['initdb', ['-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync']]
      : [
          'pg_basebackup',
          ['-h', '127.0.0.1', '-p', String(options.standbyOf), '-R', '-c', 'fast', '--no-sync'],
        ];
  // Not synchronously: the way to the primary may be a proxy in this process.
  await run(join(bin, tool), ['-D', folder, '-U', 'postgres', ...how], { ...user, cwd: '/' });

  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: options.durable === true ? 'on' : 'off',
    shared_buffers: options.sharedBuffers ?? '32MB',
    max_connections: '60',
  };
  const args = ['-D', folder, '-p', String(port)].concat(
    Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  );

  async function start(): Promise<ChildProcess> {
    for (let attempt = 1; ; attempt += 1) {
      const child = spawn(...withParent('QUIT', join(bin ?? '', 'postgres'), args), {
        ...user,
        cwd: '/',
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const problem = await ready(child);
      if (problem === null) return child;
      // After SIGKILL of the postmaster, its children take a moment to notice and let go of the shared memory.
      if (!problem.includes('pre-existing shared memory') || attempt === 50) {
        throw new Error(`postgres did not start: ${problem}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  let server = await start();
  // A test run that is cut short must not leave a server behind.
  const onExit = (): void => void server.kill('SIGQUIT');
  process.once('exit', onExit);

  function signalAll(signal: NodeJS.Signals): void {
    const pid = server.pid;
    if (pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
    for (const member of [pid, ...childrenOf(pid)]) {
      try {
        process.kill(member, signal);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    if (signal === 'SIGKILL') signalAll(signal);
    else server.kill(signal);
    await exited;
  }

  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    folder,
    get pid() {
      return server.pid ?? 0;
    },
    async kill(signal) {
      if (['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT'].includes(signal)) await end(signal);
      else signalAll(signal);
    },
    async restart() {
      await end('SIGINT');
      server = await start();
    },
    pause: () => signalAll('SIGSTOP'),
    resume: () => signalAll('SIGCONT'),
    async stop() {
      signalAll('SIGCONT');
      await end('SIGQUIT');
      process.off('exit', onExit);
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
    endWithProcess() {
      server.unref();
      if (server.stderr instanceof Socket) server.stderr.unref();
      process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
    },
  };
}

/** Resolves to `null` once it accepts connections, or to what it said when it ended instead. */
function ready(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // Its newest words: clients that ask while it starts fill pages with refusals.
      said = (said + text).slice(-100_000);
      if (/ready to accept (?:read-only )?connections/.test(said)) resolve(null);
    });
    child.once('error', (error) => resolve(String(error)));
    child.once('exit', () => resolve(said));
  });
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = accounts.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error('running as root, and there is no user to run PostgreSQL as');
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ');
        return Number(fields[1]) === parent;
      } catch {
        return false;
      }
    });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
