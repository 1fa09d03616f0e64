import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { PACKAGE_ROOT } from '../../lib/package-info.ts';
import { freePort } from './free-port.ts';

export interface Proxy {
  readonly url: string;
  /** Its complaints. */
  errors(): string;
  stop(): Promise<void>;
}

function binary(): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, 'nginx')).find((path) => existsSync(path)) ?? null;
}

export function nginxAvailable(): boolean {
  return binary() !== null;
}

/** deploy/nginx.conf itself, with other ports: nothing else of it is changed. */
export function exampleFor(port: number, nodes: readonly [string, string]): string {
  const replaced = [
    ['listen 8080;', `listen 127.0.0.1:${port};`, 1],
    ['server node-a:3000 ', `server ${nodes[0]} `, 2],
    ['server node-b:3000 ', `server ${nodes[1]} `, 2],
  ] as const;
  let text = readFileSync(join(PACKAGE_ROOT, 'deploy', 'nginx.conf'), 'utf8');
  for (const [from, to, times] of replaced) {
    if (text.split(from).length - 1 !== times) throw new Error(`deploy/nginx.conf has "${from}" otherwise`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** What a distribution has around `conf.d`, in a folder of its own. */
function mainConfig(folder: string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return [
    process.getuid?.() === 0 ? 'user root;' : '',
    'daemon off;',
    'worker_processes 2;',
    `pid ${folder}/nginx.pid;`,
    `error_log ${folder}/error.log warn;`,
    'events { worker_connections 1024; }',
    'http {',
    '  access_log off;',
    ...kinds.map((kind) => `  ${kind}_temp_path ${folder}/${kind};`),
    `  include ${folder}/marktide.conf;`,
    '}',
    '',
  ].join('\n');
}

/**
 * Starts nginx with the example configuration in front of two nodes, which need not be there yet.
 * @param nodes `host:port` of each
 */
export async function startNginx(nodes: readonly [string, string]): Promise<Proxy> {
  const program = binary();
  if (program === null) throw new Error('there is no nginx on this machine');
  const folder = await mkdtemp(join(tmpdir(), 'marktide-nginx-'));
  const port = await freePort();
  await writeFile(join(folder, 'marktide.conf'), exampleFor(port, nodes));
  await writeFile(join(folder, 'nginx.conf'), mainConfig(folder));
  const args = ['-p', folder, '-c', join(folder, 'nginx.conf')];
  const checked = spawnSync(program, [...args, '-t'], { encoding: 'utf8' });
  if (checked.status !== 0 || checked.stderr.includes('[warn]')) throw new Error(checked.stderr);
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore'] });
  // A test run that is cut short must not leave a server behind; its workers go with SIGTERM to the master.
  const onExit = (): void => void child.kill('SIGTERM');
  process.once('exit', onExit);
  await listening(child, port);
  return {
    url: `http://127.0.0.1:${port}`,
    errors: () => readFileSync(join(folder, 'error.log'), 'utf8'),
    async stop() {
      process.off('exit', onExit);
      const ended = once(child, 'exit');
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await ended;
      }
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** nginx says nothing when it is there, so it is tried. */
async function listening(child: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    const socket = connect({ host: '127.0.0.1', port });
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
