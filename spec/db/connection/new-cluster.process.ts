import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { placeCluster } from '../../../db/connection/new-cluster.ts';
import { startNode } from '../../support/node-process.ts';

/** A third more than it takes. To make a cluster takes 900. */
const MOST_MB = 600;

describe('a new cluster', function () {
  this.timeout(120_000);
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'marktide-cluster-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  it('comes from the build, in one step, whatever a start that was cut short has left', async () => {
    const folder = join(dataDir, 'pgdata');
    mkdirSync(`${folder}.new`);
    writeFileSync(join(`${folder}.new`, 'half'), '');
    mkdirSync(folder);
    placeCluster(folder);
    assert.deepEqual(readdirSync(dataDir), ['pgdata']);
    assert.equal(existsSync(join(folder, 'half')), false);
    assert.equal(statSync(folder).mode & 0o077, 0, 'nobody else may look into it');
    const lite = await PGlite.create(folder);
    assert.deepEqual((await lite.query('select 1 as one')).rows, [{ one: 1 }]);
    await lite.close();
  });

  it('replaces nothing that is there, and is missed by nobody', () => {
    const folder = join(dataDir, 'pgdata');
    placeCluster(folder, join(dataDir, 'missing.tar.gz'));
    assert.equal(existsSync(folder), false);
    mkdirSync(folder);
    writeFileSync(join(folder, 'mine'), '');
    placeCluster(folder);
    assert.deepEqual(readdirSync(folder), ['mine']);
  });

  (process.platform === 'linux' ? it : it.skip)('saves a first start half of its memory', async () => {
    const node = await startNode({ DATA_DIR: dataDir, DEMO: 'true', MARKET_FEED: 'simulator' });
    try {
      const status = readFileSync(`/proc/${node.pid}/status`, 'utf8');
      const peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
      assert.ok(peak < MOST_MB, `${peak} MB`);
    } finally {
      await node.end('SIGTERM');
    }
  });
});
