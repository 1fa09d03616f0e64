import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

export interface Proxy {
  readonly url: string;
  /** Where it listens without TLS. */
  readonly plainUrl: string;
  /** Its complaints. */
  errors(): string;
  /** The access log so far. */
  accesses(): string;
  /** Freezes its workers: connections are made and nothing answers. */
  pause(): void;
  resume(): void;
  /** The one process after the other, or only those that serve, which the kernel ends first when memory is full. */
  kill(what: 'all' | 'workers'): Promise<void>;
  /** Starts it again on the same ports, after `kill`. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Files of a certificate, in PEM. */
export interface Certificate {
  certificate: string;
  key: string;
}

function binary(): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, 'nginx')).find((path) => existsSync(path)) ?? null;
}

export function nginxAvailable(): boolean {
  return binary() !== null;
}

const EXAMPLES = join(PACKAGE_ROOT, 'deploy', 'nginx');

/** What is other in a test than where the examples are meant for: addresses, ports and places of files. */
function substitutions(
  folder: string,
  { nodes, ports, tls }: { nodes: readonly string[]; ports: Ports; tls: Certificate | undefined },
): [from: string, to: string][] {
  return [
    ['listen 8080;', `listen 127.0.0.1:${ports.http};`],
    ['listen 80 ', `listen 127.0.0.1:${ports.http} `],
    ['listen 443 ', `listen 127.0.0.1:${ports.https} `],
    ['server node-a:3000 ', `server ${nodes[0]} `],
    ['server node-b:3000 ', `server ${nodes[1]} `],
    ['/var/log/nginx/', `${folder}/`],
    ['/etc/nginx/tls/fullchain.pem', tls?.certificate ?? ''],
    ['/etc/nginx/tls/privkey.pem', tls?.key ?? ''],
  ];
}

interface Ports {
  http: number;
  https: number;
}

/** What an operator changes in a file of the example. */
export type Edit = (text: string, name: string) => string;

interface Site {
  name: string;
  changes: [string, string][];
  edit: Edit;
}

/** The very files of deploy/nginx, in the places they are meant for; nothing but the substitutions is changed. */
async function installExamples(folder: string, { name: site, changes, edit }: Site): Promise<void> {
  await mkdir(join(folder, 'marktide'));
  const texts = new Map(
    readdirSync(EXAMPLES).map((name) => [name, readFileSync(join(EXAMPLES, name), 'utf8')]),
  );
  const all = [...texts.values()].join('');
  for (const [from] of changes) if (!all.includes(from)) throw new Error(`deploy/nginx has no "${from}"`);
  for (const [name, text] of texts) {
    const changed = changes.reduce((done, [from, to]) => done.replaceAll(from, to), edit(text, name));
    await writeFile(join(folder, 'marktide', name), changed);
    if (name === site) await writeFile(join(folder, 'site.conf'), changed);
  }
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
    ...kinds.map((kind) => `  ${kind}_temp_path ${folder}/${kind};`),
    `  include ${folder}/site.conf;`,
    '}',
    '',
  ].join('\n');
}

/**
 * Starts nginx with the example configuration in front of two nodes, which need not be there yet.
 * @param nodes `host:port` of each
 * @param tls the certificate for https.conf; without one http.conf is used
 * @param edit what is changed in the example before it is used
 * @param parent its folder, with logs and what it keeps of bodies, is made in there
 */
export async function startNginx(
  nodes: readonly [string, string],
  tls?: Certificate,
  edit: Edit = (text) => text,
  parent = tmpdir(),
): Promise<Proxy> {
  const program = binary();
  if (program === null) throw new Error('there is no nginx on this machine');
  const folder = await mkdtemp(join(parent, 'marktide-nginx-'));
  const ports = { http: await freePort(), https: await freePort() };
  const site = tls === undefined ? 'http.conf' : 'https.conf';
  await installExamples(folder, {
    name: site,
    changes: substitutions(folder, { nodes, ports, tls }),
    edit,
  });
  await writeFile(join(folder, 'nginx.conf'), mainConfig(folder));
  const args = ['-p', folder, '-c', join(folder, 'nginx.conf')];
  const checked = spawnSync(program, [...args, '-t'], { encoding: 'utf8' });
  // The older spelling of HTTP/2, which every version takes.
  const warnings = checked.stderr
    .split('\n')
    .filter((line) => line.includes('[warn]') && !line.includes('http2'));
  if (checked.status !== 0 || warnings.length > 0) throw new Error(checked.stderr);
  async function start(path: string): Promise<ChildProcess> {
    const started = spawn(path, args, { stdio: ['ignore', 'ignore', 'ignore'] });
    await listening(started, ports.http);
    return started;
  }
  let child = await start(program);
  // A test run that is cut short must not leave a server behind; its workers go with SIGTERM to the master.
  const onExit = (): void => void child.kill('SIGTERM');
  process.once('exit', onExit);
  const signalWorkers = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' });
    for (const pid of stdout.trim().split(/\s+/).filter(Boolean)) process.kill(Number(pid), signal);
  };
  return {
    url: tls === undefined ? `http://127.0.0.1:${ports.http}` : `https://127.0.0.1:${ports.https}`,
    plainUrl: `http://127.0.0.1:${ports.http}`,
    errors: () => readFileSync(join(folder, 'error.log'), 'utf8'),
    accesses: () => readFileSync(join(folder, 'access.log'), 'utf8'),
    pause: () => signalWorkers('SIGSTOP'),
    resume: () => signalWorkers('SIGCONT'),
    async kill(what) {
      if (what === 'workers') return signalWorkers('SIGKILL');
      const ended = once(child, 'exit');
      // The master first: it would start new workers.
      child.kill('SIGSTOP');
      signalWorkers('SIGKILL');
      child.kill('SIGKILL');
      await ended;
    },
    async restart() {
      child = await start(program);
    },
    async stop() {
      process.off('exit', onExit);
      signalWorkers('SIGCONT');
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
  const isListening = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    const socket = connect({ host: '127.0.0.1', port });
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    return isThere;
  };
  await eventually(isListening, 'nginx', { everyMs: 20 });
}
