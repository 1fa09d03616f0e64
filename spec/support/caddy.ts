import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { withParent } from './with-parent.ts';

export interface Caddy {
  /** Where it listens, with TLS, on 127.0.0.1. */
  readonly port: number;
  /** Who has signed its certificate, in PEM. */
  readonly ca: string;
  stop(): Promise<void>;
}

/** The name in deploy/caddy. */
export const CADDY_NAME = 'marktide.example.com';

function binary(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, 'caddy')).find((path) => existsSync(path)) ?? null;
}

export function caddyAvailable(): boolean {
  return binary() !== null;
}

/**
 * Starts Caddy with the example of deploy/caddy; only addresses and ports are changed, and who signs the certificate.
 * @param nodes `host:port` of each
 */
export async function startCaddy(nodes: readonly [string, string]): Promise<Caddy> {
  const program = binary();
  if (program === null) throw new Error('there is no caddy on this machine');
  const folder = await mkdtemp(join(tmpdir(), 'marktide-caddy-'));
  const port = await freePort();
  const example = readFileSync(join(PACKAGE_ROOT, 'deploy', 'caddy', 'Caddyfile'), 'utf8');
  const changes = [
    [
      'grace_period 5s',
      'grace_period 100ms\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects',
    ],
    [`\n${CADDY_NAME} {`, `\nhttps://${CADDY_NAME}:${port} {\n\tbind 127.0.0.1\n\ttls internal`],
    ['node-a:3000', nodes[0]],
    ['node-b:3000', nodes[1]],
  ] as const;
  const site = changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`deploy/caddy has no "${from}"`);
    return text.replace(from, to);
  }, example);
  const file = join(folder, 'Caddyfile');
  await writeFile(file, site);
  const env = { PATH: process.env['PATH'], HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const args = ['--adapter', 'caddyfile', '--config', file];
  const checked = spawnSync(program, ['validate', ...args], { env, encoding: 'utf8' });
  if (checked.status !== 0) throw new Error(checked.stderr);
  const child: ChildProcess = spawn(...withParent('TERM', program, ['run', ...args]), {
    env,
    stdio: 'ignore',
  });
  const root = join(folder, 'caddy', 'pki', 'authorities', 'local', 'root.crt');
  const isListening = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`caddy ended with ${child.exitCode}`);
    if (!existsSync(root)) return false;
    const ca = readFileSync(root);
    const socket = connect({ host: '127.0.0.1', port, servername: CADDY_NAME, ca });
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once('secureConnect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    return isThere;
  };
  await eventually(isListening, 'caddy', { everyMs: 50 });
  return {
    port,
    ca: readFileSync(root, 'utf8'),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
