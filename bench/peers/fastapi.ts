import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import type { Published } from './peer.ts';
import { usageOf } from './process-usage.ts';
import { answerParent } from '../child.ts';

/** FastAPI on uvicorn, from Debian packages: a Python program next to this process, which forwards the requests. */
const child = spawn('/usr/bin/python3', [join(PACKAGE_ROOT, 'bench', 'peers', 'fastapi_peer.py')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
process.on('exit', () => child.kill('SIGKILL'));
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
const port = Number((await lines.next()).value);

answerParent({
  url: () => `http://127.0.0.1:${port}/stream`,
  read: () => ({ url: `http://127.0.0.1:${port}/portfolio`, authorization: null }),
  usage: () => usageOf(child.pid ?? 0),
  async publish(load: { rate: number; seconds: number }): Promise<Published> {
    child.stdin.write(`${JSON.stringify(load)}\n`);
    return JSON.parse(String((await lines.next()).value)) as Published;
  },
});
