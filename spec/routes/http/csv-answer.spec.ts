import assert from 'node:assert/strict';
import { once } from 'node:events';
import { streamedCsv } from '../../../routes/http/csv-answer.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

interface Row {
  n: number;
}

const options = {
  columns: [{ name: 'n', korean: '수', kind: 'plain' as const, value: ({ n }: Row) => String(n) }],
  lang: 'en' as const,
  bom: false,
};

describe('a streamed CSV file', () => {
  let log: string[];

  async function* pages(count: number): AsyncGenerator<Row[], void, undefined> {
    try {
      for (let n = 0; n < count; n += 1) {
        log.push(`page ${n}`);
        yield [{ n }, { n }];
      }
    } finally {
      log.push('closed');
    }
  }
  const release = (): void => void log.push('released');

  beforeEach(() => {
    log = [];
  });

  it('is read as it is taken, and gives everything back at its end', async () => {
    const clock = new VirtualClock();
    const stream = await streamedCsv(pages(50), options, { clock, release });
    assert.deepEqual(log, ['page 0'], 'begun, so that a failure can be told');
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    assert.equal(text, ['n', ...Array.from({ length: 50 }, (_, n) => `${n}\n${n}`)].join('\n'));
    while (!log.includes('released')) await clock.advance(0);
    assert.deepEqual(log.slice(-2), ['closed', 'released']);
    assert.equal(clock.pending, 0);
  });

  it('holds few pages of those that nobody takes, and is cut after a minute', async () => {
    const clock = new VirtualClock();
    const stream = await streamedCsv(pages(1_000), options, { clock, release });
    const failed = once(stream, 'error');
    await once(stream, 'readable');
    await clock.advance(59_000);
    assert.ok(log.length < 8 && !log.includes('closed'), log.join(', '));
    await clock.advance(2_000);
    assert.match(String(await failed), /the client stopped reading/);
    while (!log.includes('released')) await clock.advance(0);
    assert.deepEqual(log.slice(-2), ['closed', 'released']);
    assert.equal(clock.pending, 0);
  });

  it('that is never looked at gives everything back too', async () => {
    const clock = new VirtualClock();
    const stream = await streamedCsv(pages(5), options, { clock, release });
    stream.destroy();
    while (!log.includes('released')) await clock.advance(0);
    assert.deepEqual(log.slice(-2), ['closed', 'released']);
    assert.equal(clock.pending, 0);
  });

  it('that cannot be begun is an error, and holds nothing', async () => {
    async function* broken(): AsyncGenerator<Row[], void, undefined> {
      await Promise.reject(new Error('no database'));
      yield [];
    }
    const begun = streamedCsv(broken(), options, { clock: new VirtualClock(), release });
    await assert.rejects(begun, /no database/);
    assert.deepEqual(log, ['released']);
  });
});
