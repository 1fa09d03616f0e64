import assert from 'node:assert/strict';
import { problemHandler } from '../../../routes/middleware/problem-handler.ts';
import { createLogger } from '../../../lib/logging/log.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

type Handler = ReturnType<typeof problemHandler>;

const failed = (code: string, message: string): Error =>
  new Error('the database is away', { cause: Object.assign(new Error(message), { code }) });

describe('the log of an outage', () => {
  const clock = new VirtualClock();
  const lines: { msg: string; repeated?: number }[] = [];
  let handle: Handler;
  beforeEach(() => {
    lines.length = 0;
    const logger = createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) });
    handle = problemHandler(logger, clock, {
      isUnavailable: (error) => error instanceof Error && error.message.endsWith('away'),
      isCancelled: () => false,
      isLocked: () => false,
    });
  });

  async function ask(error: Error): Promise<number> {
    const ctx = {
      state: { path: '/' },
      req: { headers: { host: 'h' } },
      res: {},
      set: () => undefined,
      status: 0,
    };
    await handle(ctx as never, async () => {
      throw error;
    });
    return ctx.status;
  }

  it('has one line a minute for each cause, with how many there were', async () => {
    for (let n = 0; n < 120; n += 1) {
      assert.equal(await ask(failed('ECONNREFUSED', `request ${n}`)), 503);
      await clock.advance(1_000);
    }
    assert.equal(await ask(failed('53300', 'too many')), 503);
    assert.deepEqual(
      lines.map(({ repeated }) => repeated),
      [undefined, 59, undefined],
    );
  });

  it('has every mistake of the program itself', async () => {
    for (let n = 0; n < 3; n += 1) assert.equal(await ask(new TypeError('x is undefined')), 500);
    assert.equal(lines.length, 3);
  });
});
