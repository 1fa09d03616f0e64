import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { type RedisServer, startRedisServer } from './redis-server.ts';
import { withParent } from './with-parent.ts';

export interface RedisWithSentinel {
  /** `redis+sentinel://…` */
  readonly url: string;
  readonly sentinelUrl: string;
  readonly primary: RedisServer;
  readonly replica: RedisServer;
  /** Resolves when the Sentinel has made the replica the primary. */
  promoted(): Promise<void>;
  stop(): Promise<void>;
}

/** A primary with one replica, and one Sentinel that takes half a second of silence for the end of the primary. */
export async function startRedisWithSentinel(): Promise<RedisWithSentinel> {
  const primary = await startRedisServer();
  const replica = await startRedisServer({ args: ['--replicaof', '127.0.0.1', String(primary.port)] });
  const folder = await mkdtemp(join(tmpdir(), 'marktide-sentinel-'));
  const port = await freePort();
  const settings = join(folder, 'sentinel.conf');
  await writeFile(
    settings,
    `port ${port}
bind 127.0.0.1
dir ${folder}
sentinel monitor marktide 127.0.0.1 ${primary.port} 1
sentinel down-after-milliseconds marktide 500
sentinel failover-timeout marktide 5000
`,
  );
  const child = spawn(...withParent('TERM', 'redis-server', [settings, '--sentinel']), {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  const heard: (() => void)[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-100_000);
    for (const hear of heard) hear();
  });
  /** Rejects when it ends before. */
  const saying = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const hear = (): void => {
        if (pattern.test(said)) resolve();
      };
      heard.push(hear);
      hear();
      child.once('exit', () => reject(new Error(`the Sentinel has ended: ${said}`)));
    });
  // It must know of the replica before the primary is lost.
  await saying(/\+slave slave/);
  return {
    url: `redis+sentinel://127.0.0.1:${port}/marktide`,
    sentinelUrl: `redis://127.0.0.1:${port}`,
    primary,
    replica,
    promoted: () => saying(/\+switch-master/),
    async stop() {
      await end(child);
      await primary.stop();
      await replica.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
