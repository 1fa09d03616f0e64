import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './free-port.ts';
import { withParent } from './with-parent.ts';

export interface Pgbouncer {
  /** The URL of a database on the server, by way of the pooler. */
  through(databaseUrl: string): string;
  /** Freezes it: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export interface PgbouncerOptions {
  port: number;
  mode: 'session' | 'transaction';
  /** Connections to PostgreSQL for each database at most. */
  poolSize?: number;
}

function binary(): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, 'pgbouncer')).find((path) => existsSync(path)) ?? null;
}

export function pgbouncerAvailable(): boolean {
  return binary() !== null;
}

/** Starts PgBouncer with its default settings, other than the mode, in front of the PostgreSQL server on a port. */
export async function startPgbouncer({ port, mode, poolSize = 20 }: PgbouncerOptions): Promise<Pgbouncer> {
  const program = binary();
  if (program === null) throw new Error('there is no pgbouncer on this machine');
  const folder = await mkdtemp(join(tmpdir(), 'marktide-pgbouncer-'));
  await chmod(folder, 0o755);
  const own = await freePort();
  const users = join(folder, 'users.txt');
  await writeFile(users, '"postgres" ""\n');
  const settings = join(folder, 'pgbouncer.ini');
  await writeFile(
    settings,
    `[databases]
* = host=127.0.0.1 port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = ${mode}
default_pool_size = ${poolSize}
`,
  );
  const child = spawn(...withParent('TERM', program, [settings]), {
    ...unprivilegedUser(),
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await listening(child);
  return {
    through(databaseUrl) {
      const url = new URL(databaseUrl);
      url.port = String(own);
      return url.href;
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
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
