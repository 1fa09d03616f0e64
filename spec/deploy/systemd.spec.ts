import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENVIRONMENT } from '../../lib/config/config.ts';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';

const UNIT = join(PACKAGE_ROOT, 'deploy', 'systemd', 'marktide.service');
const isRunnable = spawnSync('systemd-analyze', ['--version']).status === 0;

describe('the unit for systemd', () => {
  const text = readFileSync(UNIT, 'utf8');

  (isRunnable ? it : it.skip)('is one that systemd takes without a complaint', () => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', UNIT], { encoding: 'utf8' });
    // Where Node.js is elsewhere on this machine, it says so; anything else is a mistake.
    const complaints = (stdout + stderr)
      .split('\n')
      .filter((line) => line !== '' && !line.includes('/usr/bin/node'));
    assert.deepEqual(complaints, []);
    assert.ok(status === 0 || !existsSync('/usr/bin/node'), stderr);
  });

  it('starts what the build makes, sets variables that there are, and waits for the end of the streams', () => {
    assert.match(text, /^ExecStart=.* dist\/app\/main\.js$/m);
    const [, variables = ''] = /^Environment=(.*)$/m.exec(text) ?? [];
    for (const [name = ''] of variables.split(' ').map((each) => each.split('=')))
      assert.ok(name === 'NODE_ENV' || name in ENVIRONMENT.shape, name);
    const { SHUTDOWN_DELAY_MS, DRAIN_MS } = ENVIRONMENT.parse({});
    assert.ok(
      Number(/^TimeoutStopSec=(\d+)$/m.exec(text)?.[1]) * 1_000 > SHUTDOWN_DELAY_MS + DRAIN_MS + 16_000,
    );
  });

  it('leaves Node.js what it needs, and is never given up by systemd', () => {
    assert.doesNotMatch(text, /^MemoryDenyWriteExecute=/m);
    assert.match(text, /^StartLimitIntervalSec=0$/m);
    assert.match(text, /^Restart=on-failure$/m);
  });
});
