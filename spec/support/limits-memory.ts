import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundledScript } from './node-bundle.ts';

/** Floods the limits of a process of its own, whose memory is nobody else's, with so many addresses. */
export async function assertBoundedMemory(addresses: number): Promise<void> {
  const script = fileURLToPath(new URL('address-flood.ts', import.meta.url));
  const args = ['--expose-gc', bundledScript(script), String(addresses)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { grownMiB, limited, followed, policies } = JSON.parse(stdout) as Record<string, number>;
  assert.ok(grownMiB !== undefined && grownMiB < 64, `${grownMiB} MiB`);
  // It did count them.
  assert.ok(grownMiB > 5, `${grownMiB} MiB`);
  assert.deepEqual([limited, policies], [0, 9]);
  assert.ok(followed !== undefined && followed <= 200);
}
