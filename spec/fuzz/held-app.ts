import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { startApp, type TestApp } from '../support/app.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { LoopHold } from '../support/loop-hold.ts';

/** No request of any user may hold the event loop for longer, in milliseconds of processor time. */
export const BAR_MS = 50;
/** Collecting garbage, compiling and what others have left behind add to a hold: the least of so many rounds counts. */
const ROUNDS = 4;
/** No answer in this time is a hang, however busy the machine is. */
const HANG_MS = 120_000;

export interface HeldAnswer {
  status: number;
  text: string;
  /** Milliseconds of processor time. */
  held: number;
}

export interface Sent {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string | Buffer | undefined;
}

export interface HeldApp {
  app: TestApp;
  /** Sends it, again while it holds the loop for longer than it may. @returns the first answer, with the shortest hold */
  send(make: (round: number) => Sent): Promise<HeldAnswer>;
  close(): Promise<void>;
}

const NO_LIMITS = Object.fromEntries(
  ['ADDRESS', 'USER', 'API_KEY', 'STREAM', 'LOGIN', 'LOGIN_FAILURES'].map((name) => [
    `RATE_LIMIT_${name}`,
    '0',
  ]),
);

/** The whole program in this process, with its event loop watched. No answer is cached. */
export async function startHeldApp(backend: 'embedded' | 'postgres'): Promise<HeldApp> {
  const folder = await mkdtemp(join(tmpdir(), 'marktide-held-'));
  const app = await startApp({
    env: { ...NO_LIMITS, CACHE_MB: '0' },
    ...(backend === 'postgres' ? { databaseUrl: await newPostgresDatabase() } : { dataDir: folder }),
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const watch = new LoopHold();
  const { hostname, port } = new URL(app.url);

  async function once({ method, path, headers, body }: Sent): Promise<HeldAnswer> {
    await setImmediate();
    watch.take();
    const { status, chunks } = await new Promise<{ status: number; chunks: Buffer[] }>((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const options = { host: hostname, port, path, method, agent, headers: { ...headers, ...length } };
      const sent = request(options, (response) => {
        const status = response.statusCode ?? 0;
        // A stream has no end: that it opened is all there is to see here.
        if (response.headers['content-type']?.includes('event-stream') === true) {
          sent.destroy();
          resolve({ status, chunks: [] });
          return;
        }
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status, chunks }));
        response.on('error', reject);
      });
      sent.setTimeout(HANG_MS, () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
      sent.on('error', reject);
      sent.end(body);
    });
    await setImmediate();
    const held = watch.take().cpu;
    return { status, text: Buffer.concat(chunks).toString(), held };
  }

  return {
    app,
    async send(make) {
      const first = await once(make(0));
      let { held } = first;
      for (let round = 1; round < ROUNDS && held > BAR_MS; round += 1) {
        held = Math.min(held, (await once(make(round))).held);
      }
      return { ...first, held };
    },
    async close() {
      watch.close();
      agent.destroy();
      await app.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
