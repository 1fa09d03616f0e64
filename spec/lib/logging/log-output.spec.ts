import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, read, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../../lib/clock.ts';
import { LogOutput } from '../../../lib/logging/log-output.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const LINE = `${'x'.repeat(999)}\n`;

describe('the output of the log', () => {
  let folder: string;
  let path: string;
  let fd: number;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'marktide-log-'));
    path = join(folder, 'pipe');
    assert.equal(spawnSync('mkfifo', [path]).status, 0);
    // Both ends, so that opening it waits for nobody.
    fd = openSync(path, constants.O_RDWR);
  });
  afterEach(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  async function readUntil(pattern: RegExp): Promise<string> {
    let text = '';
    while (!pattern.test(text)) {
      const buffer = Buffer.alloc(1_048_576);
      const { bytesRead } = await promisify(read)(fd, buffer, 0, buffer.length, null);
      text += buffer.toString('utf8', 0, bytesRead);
    }
    return text;
  }

  it('never waits for a reader that has stopped, keeps a megabyte for it, and says how much it has not kept', async () => {
    const output = new LogOutput({ fd, clock: systemClock });
    for (let n = 0; n < 2_000; n += 1) output.write(LINE);
    assert.equal(await output.flush(50), false);
    assert.equal(output.isBlocked, true);
    const text = await readUntil(/dropped":\d+/);
    const dropped = Number(/"dropped":(\d+)/.exec(text)?.[1]);
    const kept = text.split(LINE).length - 1;
    assert.equal(kept + dropped, 2_000);
    assert.ok(kept > 1_000 && kept < 1_100, `${kept} kept`);
    assert.equal(await output.flush(10_000), true);
    output.write('the end\n');
    assert.match(await readUntil(/the end\n/), /^the end\n$/);
  });

  it('tries again when a disk was full, and ends without it', async () => {
    const clock = new VirtualClock();
    const full = openSync('/dev/full', 'w');
    const output = new LogOutput({ fd: full, clock });
    try {
      output.write(LINE);
      const flushed = output.flush(2_000);
      for (let n = 0; n < 5; n += 1) {
        while (output.isBlocked) await new Promise(setImmediate);
        await clock.advance(500);
      }
      assert.equal(await flushed, false);
      while (output.isBlocked) await new Promise(setImmediate);
      assert.equal(clock.pending, 1);
      output.flushNow();
    } finally {
      closeSync(full);
    }
  });

  it('tells when it is written again for how long it was not, and why', async () => {
    const clock = new VirtualClock();
    const full = openSync('/dev/full', 'w');
    let current = full;
    const options = {
      clock,
      get fd() {
        return current;
      },
    };
    const output = new LogOutput(options);
    try {
      output.write(LINE);
      while (output.isBlocked) await new Promise(setImmediate);
      await clock.advance(500);
      while (output.isBlocked) await new Promise(setImmediate);
      // There is room again.
      current = fd;
      await clock.advance(500);
      const [line, notice = ''] = (await readUntil(/a while"\}\n/)).split('\n');
      assert.equal(`${line}\n`, LINE);
      const { code, forMs } = JSON.parse(notice) as { code: string; forMs: number };
      assert.deepEqual({ code, forMs }, { code: 'ENOSPC', forMs: 1_000 });
      assert.equal(await output.flush(2_000), true);
      output.write(LINE);
      assert.equal(await readUntil(/\n/), LINE, 'it is told once');
    } finally {
      closeSync(full);
    }
  });

  it('is silent once its reader has gone', async () => {
    const child = spawn('cat', [], { stdio: ['pipe', 'ignore', 'ignore'] });
    const { stdin } = child;
    assert.ok('_handle' in stdin);
    const output = new LogOutput({ fd: (stdin._handle as { fd: number }).fd, clock: systemClock });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    output.write(LINE);
    assert.equal(await output.flush(10_000), true);
    output.write(LINE);
    assert.equal(await output.flush(10_000), true);
  });

  it('is written in order at the end, in the middle of whatever', async () => {
    const output = new LogOutput({ fd, clock: systemClock });
    output.write('one\n');
    assert.equal(await output.flush(10_000), true);
    output.write('two\n');
    await output.flush(10_000);
    output.flushNow();
    assert.equal(await readUntil(/two/), 'one\ntwo\n');
  });
});
