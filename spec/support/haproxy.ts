import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { withParent } from './with-parent.ts';

export interface Haproxy {
  readonly url: string;
  stop(): Promise<void>;
}

function binary(): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, 'haproxy')).find((path) => existsSync(path)) ?? null;
}

export function haproxyAvailable(): boolean {
  return binary() !== null;
}

/**
 * Starts HAProxy with the example of deploy/haproxy; only its addresses are changed.
 * @param nodes `host:port` of each
 * @param patience with a node that says nothing, instead of the example's
 */
export async function startHaproxy(nodes: readonly [string, string], patience?: '1s'): Promise<Haproxy> {
  const program = binary();
  if (program === null) throw new Error('there is no haproxy on this machine');
  const folder = await mkdtemp(join(tmpdir(), 'marktide-haproxy-'));
  const port = await freePort();
  const example = readFileSync(join(PACKAGE_ROOT, 'deploy', 'haproxy', 'haproxy.cfg'), 'utf8');
  const changes = [
    ['bind :8080', `bind 127.0.0.1:${port}`],
    ['node-a:3000', nodes[0]],
    ['node-b:3000', nodes[1]],
    ['timeout server 28s', `timeout server ${patience ?? '28s'}`],
  ] as const;
  const config = changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`deploy/haproxy has no "${from}"`);
    return text.replace(from, to);
  }, example);
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, config);
  const checked = spawnSync(program, ['-c', '-f', file], { encoding: 'utf8' });
  if (checked.status !== 0 || /WARNING/.test(checked.stderr)) throw new Error(checked.stderr);
  const child: ChildProcess = spawn(...withParent('TERM', program, ['-db', '-f', file]), { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  const isListening = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`haproxy ended with ${child.exitCode}`);
    return await fetch(`${url}/healthz`).then(
      ({ status }) => status === 200,
      () => false,
    );
  };
  await eventually(isListening, 'an answer through haproxy', { everyMs: 50 });
  return {
    url,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
