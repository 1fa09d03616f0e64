import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type NodeProcess, startNode } from './node-process.ts';

/** How long an event loop was held at most, in milliseconds. */
export interface Hold {
  wall: number;
  /** Of processor time, by all threads of the process: a busy machine does not lengthen it. */
  cpu: number;
}

export interface WatchedNode extends NodeProcess {
  /** The longest hold since the last call. */
  longestHold(): Promise<Hold>;
  /** Ends it, and removes its data. */
  close(): Promise<void>;
}

/** A node as a process of its own, whose event loop is watched. @param env with `DATABASE_URL`, or it embeds one */
export async function startWatchedNode(env: Record<string, string> = {}): Promise<WatchedNode> {
  const folder = await mkdtemp(join(tmpdir(), 'marktide-stalls-'));
  const preload = pathToFileURL(join(import.meta.dirname, 'loop-watch.ts')).href;
  const program = ['--import', 'tsx/esm', '--import', preload, 'dist/app/main.js'];
  const node = await startNode(
    { MARKET_FEED: 'push', DEMO: 'false', DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'info', ...env },
    program,
  );
  const url = /the loop is watched at (http:\S+)/.exec(node.output())?.[1];
  assert.ok(url !== undefined, node.output());
  return {
    ...node,
    async longestHold() {
      const response = await fetch(url);
      return (await response.json()) as Hold;
    },
    async close() {
      await node.end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
