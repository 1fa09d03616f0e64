import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../../lib/process/package-info.ts';
import { fillDataFolder } from '../../support/data-folder.ts';
import { bundledProgram } from '../../support/node-bundle.ts';
import { BRIEF, logIn, type NodeProcess, startNode } from '../../support/node-process.ts';
import { StreamClient } from '../../support/stream-client.ts';

const FILL = {
  externalId: 'fill-1',
  exchange: 'upbit',
  symbol: 'BTC/KRW',
  side: 'buy',
  quantity: '1.5',
  price: '100',
  time: '2026-01-02T09:00:00Z',
};

describe('a backup of the embedded database', function () {
  this.timeout(120_000);
  let parent: string;
  let folder: string;
  let file: string;
  const nodes: NodeProcess[] = [];

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'marktide-backup-'));
    folder = join(parent, 'data');
    file = join(parent, 'backup.tar.gz');
    await mkdir(folder, { mode: 0o700 });
    await fillDataFolder(folder);
  });
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.end('SIGKILL');
    await rm(parent, { recursive: true, force: true });
  });

  async function start(dataDir: string): Promise<NodeProcess> {
    const node = await startNode({ DATA_DIR: dataDir, DEMO: 'false', MARKET_FEED: 'push', JWT_SECRET: '' });
    nodes.push(node);
    return node;
  }

  /** Runs `npm run backup` or `npm run restore`, without npm. @returns the exit code and all it has printed */
  async function run(dataDir: string, ...args: string[]): Promise<{ code: number; said: string }> {
    const child = spawn(process.execPath, [...BRIEF, bundledProgram(), ...args], {
      cwd: PACKAGE_ROOT,
      env: { PATH: process.env['PATH'] ?? '', DATA_DIR: dataDir, LOG_LEVEL: 'error' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (said += String(chunk)));
    const [code] = (await once(child, 'close')) as [number];
    return { code, said };
  }

  /** What two nodes must agree on, but for what moves by itself. */
  async function everything(node: NodeProcess, authorization: string, path: string): Promise<unknown> {
    const read = async (rest: string): Promise<unknown> =>
      (await (await fetch(`${node.url}${rest}`, { headers: { authorization } })).text())
        // Of this run of the market, of whether it has moved since, and of whether its price is current.
        .replace(/"position":"[^"]*"|"closed":\w+|"warnings":\[[^\]]*\]/g, '');
    return [
      await read(`${path}/trades.csv`),
      await read(`${path}/transfers`),
      await read(`${path}/lots`),
      await read('/v1/users'),
      await read('/v1/market/candles?symbol=BTC/KRW&interval=1m'),
    ];
  }

  it('is made while the node runs, and restored with everything: users, ledger, candles, idempotency', async () => {
    const before = await start(folder);
    const authorization = await logIn(before.url);
    const post = async (node: NodeProcess, path: string, body: unknown): Promise<Response> =>
      await fetch(node.url + path, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const { id } = (await (await post(before, '/v1/portfolios', { name: 'Mine' })).json()) as { id: string };
    const path = `/v1/portfolios/${id}`;
    assert.equal((await post(before, `${path}/trades`, FILL)).status, 201);
    const tick = { symbol: 'BTC/KRW', price: '123', quantity: '1', time: Date.now() - 120_000 };
    assert.ok((await post(before, '/v1/market/ticks', tick)).ok);
    const summary = await fetch(before.url + path, { headers: { authorization } });
    const channels = `/v1/streams?channels=fills:${id}`;
    const reader = new StreamClient(before.url + channels, { headers: { authorization } });
    await reader.ready();
    reader.cut();

    const made = await run(folder, 'backup', file);
    assert.deepEqual(made, { code: 0, said: `Written: ${file}\n` });
    assert.equal((lstatSync(file).mode & 0o777).toString(8), '600');
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('backup-')),
      [],
    );
    // The node goes on, and what it books from now on is not in the backup.
    const was = await everything(before, authorization, path);
    assert.equal((await post(before, `${path}/trades`, { ...FILL, externalId: 'fill-2' })).status, 201);

    const copy = join(parent, 'copy');
    assert.equal(
      (await run(copy, 'restore', file)).said,
      `Restored into ${copy}: start a node with this DATA_DIR.\n`,
    );
    const after = await start(copy);
    // The token of the old node is good for the new one, since the secret came along.
    assert.deepEqual(await everything(after, authorization, path), was);
    const lots = await (await fetch(`${after.url}${path}/lots`, { headers: { authorization } })).text();
    assert.match(lots, /"warnings":\[\{"code":"stale-price"/, 'the price is that of the last candle');
    assert.equal((await post(after, `${path}/trades`, FILL)).status, 200);
    // Another timeline: the same version may be another ledger.
    const known = { authorization, 'if-none-match': summary.headers.get('etag') ?? '' };
    assert.equal((await fetch(after.url + path, { headers: known })).status, 200);
    const { lastEventId } = reader;
    const again = new StreamClient(after.url + channels, { headers: { authorization }, lastEventId });
    await again.until(() => again.of('reset').length > 0, 'the reset');
    again.cut();
  });

  it('is made of a folder that no node uses, too', async () => {
    const node = await start(folder);
    await node.end('SIGKILL');
    assert.equal((await run(folder, 'backup', file)).code, 0);
    assert.equal((await run(join(parent, 'copy'), 'restore', file)).code, 0);
  });

  it('replaces nothing: neither a file nor a database', async () => {
    writeFileSync(file, 'precious');
    assert.match(
      (await run(folder, 'backup', file)).said,
      /backup\.tar\.gz exists: name a file that does not/,
    );
    assert.equal(readFileSync(file, 'utf8'), 'precious');
    await rm(file);
    assert.equal((await run(folder, 'backup', file)).code, 0);
    const refused = await run(folder, 'restore', file);
    assert.equal(refused.code, 1);
    assert.match(refused.said, /holds pgdata already/);
  });

  it('that is cut off or is something else leaves the folder empty, and says so', async () => {
    assert.equal((await run(folder, 'backup', file)).code, 0);
    await truncate(file, Math.floor(lstatSync(file).size / 2));
    const copy = join(parent, 'copy');
    for (const broken of [file, join(PACKAGE_ROOT, 'package.json')]) {
      const { code, said } = await run(copy, 'restore', broken);
      assert.equal(code, 1);
      assert.match(said, /cannot be read as a backup|is not a backup/);
      assert.deepEqual(readdirSync(copy), []);
    }
  });

  it('that was killed half way is in the way of nothing', async () => {
    writeFileSync(`${file}.partial`, 'half');
    assert.equal((await run(folder, 'backup', file)).code, 0);
    assert.equal(existsSync(`${file}.partial`), false);
    const copy = join(parent, 'copy');
    const half = join(copy, 'restore-3f636f77-a9c8-40e0-a38a-8674ebe388c2', 'pgdata');
    await mkdir(half, { recursive: true });
    assert.equal((await run(copy, 'restore', file)).code, 0);
    assert.deepEqual(readdirSync(copy), ['pgdata']);
  });

  it('needs a name, a database, and no PostgreSQL', async () => {
    assert.match((await run(folder, 'backup')).said, /^Name the file: npm run backup/);
    const nowhere = await run(folder, 'backup', join(parent, 'none', 'x.tgz'));
    assert.match(nowhere.said, /^\S+\/none\/x\.tgz cannot be written: ENOENT: [^\n]+\n$/);
    assert.match((await run(join(parent, 'none'), 'backup', file)).said, /There is no database in/);
    assert.match((await run(join(parent, 'none'), 'restore', file)).said, /There is no file/);
  });
});
