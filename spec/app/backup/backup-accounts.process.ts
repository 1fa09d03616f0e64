import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { PACKAGE_ROOT } from '../../../lib/process/package-info.ts';
import { fillDataFolder } from '../../support/data-folder.ts';
import { eventually } from '../../support/eventually.ts';
import { watch } from '../../support/log-watch.ts';
import { bundledProgram } from '../../support/node-bundle.ts';
import { BRIEF, logIn, type NodeProcess, startNode } from '../../support/node-process.ts';
import { UpbitAccounts } from '../../support/upbit-accounts.ts';

const DAY = 86_400_000;

describe('a backup of accounts at exchanges', function () {
  this.timeout(240_000);
  const upbit = new UpbitAccounts();
  let parent: string;
  let file: string;
  let authorization: string;
  let path: string;
  const nodes: NodeProcess[] = [];

  before(async () => {
    await upbit.start();
    watch.learn(upbit.secretKey);
    upbit.move('deposit', 'KRW', { amount: '10000', at: Date.now() - DAY });
    upbit.trade('KRW-BTC', 'bid', { price: '1000', volume: '2', at: Date.now() - DAY / 2 });
    parent = await mkdtemp(join(tmpdir(), 'marktide-backup-'));
    file = join(parent, 'backup.tar.gz');
    await mkdir(join(parent, 'data'), { mode: 0o700 });
    await fillDataFolder(join(parent, 'data'));
  });
  after(async () => {
    await upbit.stop();
    await rm(parent, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.end('SIGKILL');
  });

  async function start(folder: string, env: Record<string, string> = {}): Promise<NodeProcess> {
    const node = await startNode({
      DATA_DIR: join(parent, folder),
      DEMO: 'false',
      MARKET_FEED: 'push',
      JWT_SECRET: '',
      ACCOUNT_POLL_S: '5',
      ...upbit.env,
      // It makes one of its own.
      SECRETS_KEY: '',
      ...env,
    });
    nodes.push(node);
    return node;
  }

  function run(folder: string, ...args: string[]): string {
    const { stdout, stderr } = spawnSync(process.execPath, [...BRIEF, bundledProgram(), ...args], {
      cwd: PACKAGE_ROOT,
      env: { PATH: process.env['PATH'], DATA_DIR: join(parent, folder), LOG_LEVEL: 'error' },
      encoding: 'utf8',
    });
    return stdout + stderr;
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
  async function call({ url }: NodeProcess, method: string, rest: string, body?: object): Promise<any> {
    const response = await fetch(url + rest, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert.ok(response.ok, `${method} ${rest}: ${response.status} ${await response.clone().text()}`);
    return await response.json();
  }

  /** Has the account read, until it is as awaited. @returns what failed */
  async function read(node: NodeProcess, phase: 'current' | 'failing'): Promise<string | undefined> {
    const since = Date.now();
    const { items } = await call(node, 'GET', `${path}/accounts`);
    await call(node, 'POST', `${path}/accounts/${items[0].id}/sync`);
    const isSo = async (): Promise<{ failure: { code: string } | null } | false> => {
      const [account] = (await call(node, 'GET', `${path}/accounts`)).items;
      const isNew = phase !== 'current' || Date.parse(account.lastSuccessAt ?? '') >= since;
      return account.phase === phase && isNew && account;
    };
    return (await eventually(isSo, phase, { everyMs: 50, withinMs: 60_000 })).failure?.code;
  }

  async function entries(node: NodeProcess): Promise<unknown> {
    return await call(node, 'GET', `${path}/entries?limit=500`);
  }

  let was: unknown;

  it('holds them and what they booked, but neither their keys nor what these are encrypted under', async () => {
    const node = await start('data');
    authorization = await logIn(node.url);
    path = `/v1/portfolios/${(await call(node, 'POST', '/v1/portfolios', { name: 'Own' })).id}`;
    await call(node, 'POST', `${path}/accounts`, upbit.input);
    await read(node, 'current');
    was = await entries(node);
    assert.equal((was as { items: unknown[] }).items.length, 2);

    assert.equal(run('data', 'backup', file), `Written: ${file}\n`);
    const archive = gunzipSync(readFileSync(file));
    for (const secret of [upbit.secretKey, readFileSync(join(parent, 'data', 'secrets-key'), 'utf8')])
      assert.equal(archive.includes(secret), false);
    assert.equal(archive.includes('secrets-key\0'), false, 'the file itself');
  });

  it('is restored with the ledger; the accounts alone wait for their keys', async () => {
    assert.match(run('copy', 'restore', file), /^Restored into/);
    assert.equal(existsSync(join(parent, 'copy', 'secrets-key')), false);
    const node = await start('copy');
    assert.equal(await read(node, 'failing'), 'secrets-key-missing');
    assert.deepEqual(await entries(node), was);
  });

  it('goes on when the keys are entered again, and books nothing twice', async () => {
    const node = await start('copy');
    const { items } = await call(node, 'GET', `${path}/accounts`);
    const { credentials } = upbit.input;
    await call(node, 'PATCH', `${path}/accounts/${items[0].id}`, { credentials });
    assert.equal(await read(node, 'current'), undefined);
    assert.deepEqual(await entries(node), was);
  });

  it('goes on by itself where secrets-key was copied along, or its content is SECRETS_KEY', async () => {
    const key = join(parent, 'data', 'secrets-key');
    for (const way of ['copied', 'named']) {
      assert.match(run(way, 'restore', file), /^Restored into/);
      if (way === 'copied') copyFileSync(key, join(parent, way, 'secrets-key'));
      const node = await start(way, way === 'named' ? { SECRETS_KEY: readFileSync(key, 'utf8') } : {});
      assert.equal(await read(node, 'current'), undefined);
      assert.deepEqual(await entries(node), was);
    }
  });
});
