import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './free-port.ts';
import { withParent } from './with-parent.ts';

export interface Pgbouncer {
  readonly port: number;
  readonly pid: number;
  /** The URL of a database on the server, by way of the pooler. */
  through(databaseUrl: string): string;
  /** From now on the server is at another port. */
  pointTo(port: number): Promise<void>;
  /** Freezes it: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
  /** Starts it again on the same port, after `kill`. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface PgbouncerOptions {
  port: number;
  mode: 'session' | 'transaction';
  /** Connections to PostgreSQL for each database at most. */
  poolSize?: number;
  /** Its folder, with its log, is made in there. */
  parent?: string | undefined;
}

function binary(): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, 'pgbouncer')).find((path) => existsSync(path)) ?? null;
}

export function pgbouncerAvailable(): boolean {
  return binary() !== null;
}

/** Starts PgBouncer with its default settings, other than the mode, in front of the PostgreSQL server on a port. */
export async function startPgbouncer({
  port,
  mode,
  poolSize = 20,
  parent = tmpdir(),
}: PgbouncerOptions): Promise<Pgbouncer> {
  const program = binary();
  if (program === null) throw new Error('there is no pgbouncer on this machine');
  const folder = await mkdtemp(join(parent, 'marktide-pgbouncer-'));
  // Its own user writes its log there.
  await chmod(folder, 0o777);
  const own = await freePort();
  const users = join(folder, 'users.txt');
  await writeFile(users, '"postgres" ""\n');
  const settings = join(folder, 'pgbouncer.ini');
  const configure = (target: number): Promise<void> =>
    writeFile(
      settings,
      `[databases]
* = host=127.0.0.1 port=${target}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
logfile = ${join(folder, 'pgbouncer.log')}
auth_type = trust
auth_file = ${users}
pool_mode = ${mode}
default_pool_size = ${poolSize}
`,
    );
  await configure(port);
  async function start(path: string): Promise<ChildProcess> {
    const started = spawn(...withParent('TERM', path, [settings]), {
      ...unprivilegedUser(),
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await listening(started);
    return started;
  }
  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  let child = await start(program);
  return {
    port: own,
    get pid() {
      return child.pid ?? 0;
    },
    through(databaseUrl) {
      const url = new URL(databaseUrl);
      url.port = String(own);
      return url.href;
    },
    async pointTo(target) {
      await configure(target);
      child.kill('SIGHUP');
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill,
    async restart() {
      child = await start(program);
    },
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-10_000);
      if (said.includes('process up')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`pgbouncer did not start: ${said}`)));
  });
}

/** PgBouncer refuses to run as root. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  const fields = accounts.find((line) => line.startsWith('nobody:'))?.split(':');
  return { uid: Number(fields?.[2]), gid: Number(fields?.[3]) };
}
