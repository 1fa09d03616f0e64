import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { createLogger } from '../../../lib/logging/log.ts';
import { openInMemory } from '../../support/databases.ts';
import { redisAvailable, startRedisServer } from '../../support/redis-server.ts';

const SECRET = 'a password that nobody may read';

interface Line {
  err: { type: string; message: string; command?: unknown; code?: unknown; errors?: { code?: unknown }[] };
}

/** @returns the line that is logged, as text and read */
function logged(error: unknown): { text: string; line: Line } {
  let text = '';
  createLogger('info', { write: (line) => (text += line) }).warn({ err: error }, 'it failed');
  return { text, line: JSON.parse(text) as Line };
}

describe('an error in the log', () => {
  it('names the command that Redis has refused, and nothing that was sent with it', async function () {
    if (!redisAvailable()) this.skip();
    const server = await startRedisServer();
    const client = new Redis(server.url);
    try {
      const script = "return redis.error_reply('OOM there is no room')";
      const refused = await client.eval(script, 1, 'key', SECRET).catch((error: unknown) => error);
      const { text, line } = logged(refused);
      assert.ok(!text.includes(SECRET), text);
      assert.equal(line.err.command, 'eval');
      assert.match(line.err.message, /^OOM/);
      await client.config('SET', 'requirepass', 'another one');
      const denied = await client.auth(SECRET).catch((error: unknown) => error);
      assert.ok(denied instanceof Error);
      assert.ok(!logged(denied).text.includes(SECRET));
      // As the broker throws it.
      assert.ok(!logged(new Error('the broker cannot be reached', { cause: denied })).text.includes(SECRET));
      assert.ok(!logged(new AggregateError([denied])).text.includes(SECRET));
    } finally {
      client.disconnect();
      await server.stop();
    }
  });

  it('has the statement that the database has refused, without its values', async () => {
    const { knex, close } = await openInMemory();
    try {
      await knex.schema.createTable('people', (table) => table.string('email').primary());
      const insert = (): Promise<unknown> => knex('people').insert({ email: SECRET });
      await insert();
      const refused = await insert().catch((error: unknown) => error);
      const { text, line } = logged(refused);
      assert.ok(!text.includes(SECRET), text);
      assert.match(line.err.message, /insert into "people"/);
      assert.equal(line.err.code, '23505');
    } finally {
      await close();
    }
  });

  it('is cut to a length, and may be no error', () => {
    assert.ok(logged(new Error('x'.repeat(100_000))).text.length < 12_000);
    assert.ok(logged('x'.repeat(100_000)).text.length < 12_000);
    const many = Array.from({ length: 1_000 }, () =>
      Object.assign(new Error('away'), { code: 'ECONNREFUSED' }),
    );
    const { line } = logged(new AggregateError(many, 'all of them'));
    assert.deepEqual([line.err.errors?.length, line.err.errors?.[0]?.code], [10, 'ECONNREFUSED']);
    assert.equal(logged(null).line.err, 'null');
  });
});
