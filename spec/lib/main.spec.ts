import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logIn, startNode } from '../support/node-process.ts';
import { StreamClient } from '../support/stream-client.ts';

describe('the program', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marktide-main-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('reports every bad variable and ends with 1', async () => {
    const failing = startNode({ DATA_DIR: folder, PORT: 'many', LOG_LEVEL: 'loud', MARKET_FEED: 'tarot' });
    await assert.rejects(failing, (error: Error) => {
      assert.match(error.message, /it ended with 1/);
      for (const name of ['PORT', 'LOG_LEVEL', 'MARKET_FEED'])
        assert.match(error.message, new RegExp(`${name}: `));
      assert.doesNotMatch(error.message, /\n\s+at /, 'no stack for what the user can mend');
      return true;
    });
  });

  it('serves the demo, keeps its data over a restart, and lets nobody else into the data folder', async () => {
    const env = { DATA_DIR: folder, JWT_SECRET: '' };
    const first = await startNode(env);
    try {
      assert.match(first.output(), /demo@marktide\.local/);
      assert.match(first.output(), /curl -N/);
      await assert.rejects(startNode(env), (error: Error) => {
        assert.match(error.message, /it ended with 1/);
        assert.match(error.message, new RegExp(String(first.pid)));
        return true;
      });
    } finally {
      assert.equal(await first.end('SIGTERM'), 0, first.output());
    }
    const token = await (async () => {
      const second = await startNode(env);
      try {
        // The secret was kept too: a token of one run is good in the next.
        return await logIn(second.url);
      } finally {
        await second.end('SIGKILL');
      }
    })();
    const third = await startNode(env);
    try {
      const response = await fetch(`${third.url}/v1/auth/me`, { headers: { authorization: token } });
      assert.equal(response.status, 200);
    } finally {
      assert.equal(await third.end('SIGTERM'), 0);
    }
  });

  it('says that its port is taken', async () => {
    const first = await startNode({ DATA_DIR: join(folder, 'a'), DEMO: 'false' });
    try {
      const port = new URL(first.url).port;
      await assert.rejects(
        startNode({ DATA_DIR: join(folder, 'b'), DEMO: 'false', PORT: port }),
        (error: Error) => {
          assert.match(error.message, /it ended with 1/);
          assert.match(error.message, new RegExp(port));
          assert.match(error.message, /in use/);
          return true;
        },
      );
    } finally {
      await first.end('SIGTERM');
    }
  });

  it('on SIGTERM ends its streams with a notice, a retry and a response that just ends', async () => {
    const node = await startNode({ DATA_DIR: folder, DEMO: 'false' });
    const stream = new StreamClient(`${node.url}/v1/streams/market`, {
      headers: { authorization: await logIn(node.url) },
    });
    await stream.ready();
    const ended = node.end('SIGTERM');
    await stream.closed();
    assert.equal(stream.status, 200);
    assert.equal(stream.of('notice').at(-1)?.data.code, 'shutdown');
    assert.ok(stream.retry !== null && stream.retry >= 100);
    assert.equal(await ended, 0);
  });
});
