import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fillDataFolder } from '../support/data-folder.ts';
import { logIn, type NodeProcess, startNode } from '../support/node-process.ts';
import { StreamClient } from '../support/stream-client.ts';

const curlAvailable = (process.env['PATH'] ?? '')
  .split(delimiter)
  .some((folder) => existsSync(join(folder, 'curl')));

/** Starts what must not start. @returns what it said before it ended with 1 */
async function failedStart(env: Record<string, string>): Promise<string> {
  let node: NodeProcess;
  try {
    node = await startNode(env);
  } catch (error) {
    assert.ok(error instanceof Error);
    assert.match(error.message, /it ended with 1:/);
    assert.doesNotMatch(error.message, /\n\s+at /, 'no stack for what the user can mend');
    return error.message;
  }
  await node.end('SIGKILL');
  return assert.fail('it started');
}

/** Runs a line of shell until it has printed all that is awaited, or ends. @returns what it printed */
async function shell(line: string, awaited: RegExp[]): Promise<string> {
  // A process group of its own, so that curl ends along with the shell.
  const child = spawn('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const ended = once(child, 'exit');
  let output = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    output += String(chunk);
    if (awaited.every((pattern) => pattern.test(output))) break;
  }
  if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  await ended;
  return output;
}

describe('the program', function () {
  this.timeout(120_000);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marktide-main-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('reports every bad variable, the feed among them, and ends with 1', async () => {
    const said = await failedStart({
      DATA_DIR: folder,
      PORT: 'many',
      LOG_LEVEL: 'loud',
      MARKET_FEED: 'tarot:cards',
      ADMIN_PASSWORD: 'hush',
    });
    assert.match(said, /^ {2}PORT: .*"many"/m);
    assert.match(said, /^ {2}LOG_LEVEL: .*"loud"/m);
    assert.match(said, /^ {2}MARKET_FEED: "tarot:cards" is not a feed: simulator, /m);
    assert.match(said, /^ {2}ADMIN_PASSWORD: /m);
    assert.doesNotMatch(said, /hush/);
    assert.equal(existsSync(join(folder, 'pgdata')), false, 'nothing was begun');
  });

  it('refuses a feed that cannot work, in one sentence', async () => {
    for (const [feed, reason] of [
      [
        `replay:${join(folder, 'none.csv')}?symbol=ETH/USDT`,
        /MARKET_FEED cannot be used: the file "[^"]+" does not exist\./,
      ],
      ['ccxt:nowhere?symbols=BTC/KRW', /MARKET_FEED cannot be used: ccxt knows no exchange "nowhere"/],
    ] as const)
      assert.match(await failedStart({ DATA_DIR: folder, MARKET_FEED: feed }), reason);
  });

  it('keeps its data and its secret over a restart, and lets nobody else into the data folder', async () => {
    await fillDataFolder(folder);
    const env = { DATA_DIR: folder, DEMO: 'false', JWT_SECRET: '' };
    let node = await startNode(env);
    let token: string;
    try {
      token = await logIn(node.url);
      const said = await failedStart(env);
      assert.match(said, new RegExp(`data folder is in use by process ${node.pid}\\b`));
    } finally {
      // As a crash: the next one takes the folder over.
      await node.end('SIGKILL');
    }
    node = await startNode(env);
    try {
      const response = await fetch(`${node.url}/v1/auth/me`, { headers: { authorization: token } });
      assert.equal(response.status, 200);
    } finally {
      assert.equal(await node.end('SIGTERM'), 0, node.output());
    }
  });

  it('says that its port or its address is not to be had; the administrator it made is known all the same', async () => {
    for (const name of ['a', 'b']) await fillDataFolder(join(folder, name));
    const first = await startNode({ DATA_DIR: join(folder, 'a'), DEMO: 'false' });
    let said: string;
    const env = { DATA_DIR: join(folder, 'b'), DEMO: 'false', ADMIN_PASSWORD: '' };
    try {
      const { port } = new URL(first.url);
      said = await failedStart({ ...env, PORT: port });
      assert.match(said, new RegExp(`^Port ${port} of 127\\.0\\.0\\.1 is in use: set PORT`, 'm'));
      assert.equal(existsSync(join(folder, 'b', 'marktide.lock')), false, 'the folder is let go');
    } finally {
      await first.end('SIGTERM');
    }
    const [, password = ''] = /only this once: admin@marktide\.local \/ (\S+)/.exec(said) ?? [];
    const second = await startNode(env);
    try {
      assert.doesNotMatch(second.output(), /only this once/);
      const header = await logIn(second.url, 'admin@marktide.local', password);
      const response = await fetch(`${second.url}/v1/auth/me`, { headers: { authorization: header } });
      assert.equal(response.status, 200);
    } finally {
      await second.end('SIGTERM');
    }
    // TEST-NET-1 of RFC 5737: nobody has it.
    said = await failedStart({ ...env, HOST: '192.0.2.1' });
    assert.match(said, /^192\.0\.2\.1 is not an address of this machine: set HOST/m);
  });

  describe('with its demo', () => {
    let node: NodeProcess;
    let data: string;
    before(async () => {
      data = await mkdtemp(join(tmpdir(), 'marktide-demo-'));
      // File by file, as `npm start` runs it; most other tests start a bundle.
      node = await startNode({ DATA_DIR: data, FEED_SEED: '1' }, ['dist/app/main.js']);
    });
    after(async () => {
      await node?.end('SIGKILL');
      await rm(data, { recursive: true, force: true });
    });

    it('prints where page and docs are, and both are there', async () => {
      const [, page = ''] = /^ {2}page +(\S+)$/m.exec(node.output()) ?? [];
      const [, docs = ''] = /^ {2}docs +(\S+)$/m.exec(node.output()) ?? [];
      for (const url of [page, docs]) {
        const response = await fetch(url);
        assert.equal(response.status, 200, url);
        assert.match(response.headers.get('content-type') ?? '', /^text\/html/, url);
        await response.text();
      }
    });

    it('prints a login that is good and shows a portfolio', async () => {
      const [, email = '', password = ''] = /^ {2}login +(\S+) \/ (\S+)$/m.exec(node.output()) ?? [];
      const authorization = await logIn(node.url, email, password);
      const response = await fetch(`${node.url}/v1/portfolios`, { headers: { authorization } });
      const { items }: { items: unknown[] } = JSON.parse(await response.text());
      assert.equal(items.length, 1);
    });

    (curlAvailable ? it : it.skip)('prints a line which, pasted into a shell, shows the market', async () => {
      const [, line = ''] = /^ {2}stream +(curl -N .*)$/m.exec(node.output()) ?? [];
      const seen = await shell(line, [/^event: ?ticker$/m, /^event: ?trade$/m]);
      assert.match(seen, /^data: ?\{.*"symbol":"BTC\/KRW"/m);
      assert.match(seen, /^id: ?\S+$/m);
      assert.doesNotMatch(seen, /problem/);
    });

    it('on SIGTERM ends its streams whole, with a notice and a retry, and then itself with 0', async () => {
      const authorization = await logIn(node.url, 'demo@marktide.local', 'demo-marktide');
      const url = `${node.url}/v1/streams/market`;
      const stream = new StreamClient(url, { headers: { authorization } });
      // Reading it to the end throws if the connection breaks before the response is complete.
      const response = await fetch(url, { headers: { authorization, accept: 'text/event-stream' } });
      await stream.ready();
      const ended = node.end('SIGTERM');
      const text = await response.text();
      await stream.closed();
      assert.equal(response.status, 200);
      assert.match(text, /^retry: ?\d+$/m);
      assert.equal(stream.status, 200);
      assert.equal(stream.of('notice').at(-1)?.data.code, 'shutdown');
      assert.ok(stream.retry !== null && stream.retry >= 100);
      assert.equal(await ended, 0, node.output());
      await assert.rejects(fetch(`${node.url}/healthz`));
      assert.equal(existsSync(join(data, 'marktide.lock')), false);
    });
  });
});
