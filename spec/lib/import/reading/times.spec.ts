import assert from 'node:assert/strict';
import { inShort, readText } from '../read-text.ts';

const HEADINGS = 'time,symbol,side,quantity,price';

function file(times: readonly string[]): string {
  return [HEADINGS, ...times.map((time, index) => `${time},BTC/EUR,buy,${index + 1},1`), ''].join('\n');
}

const BERLIN = { tz: 'Europe/Berlin' };

/** The instants of the rows as clocks of Greenwich show them; of others what became of them. */
async function instants(text: string, options: Parameters<typeof readText>[1]): Promise<string[]> {
  const rows = await readText(text, options);
  return rows.map((row) => {
    if ('entries' in row)
      return row.entries.map(({ time }) => new Date(time).toISOString().slice(11, 16)).join();
    if ('decision' in row) return `? ${row.decision.code}`;
    return 'error' in row ? `! ${row.error.code}` : '-';
  });
}

describe('the hour that comes twice when clocks are put back', () => {
  const RISING = ['01:30', '02:10', '02:50', '02:05', '02:40', '03:10'].map(
    (clock) => `2025-10-26 ${clock}:00`,
  );
  const PASSED = ['23:30', '00:10', '00:50', '01:05', '01:40', '02:10'];

  it('is told by the order of the file where time turns in it once', async () => {
    assert.deepEqual(await instants(file(RISING), BERLIN), PASSED);
    assert.deepEqual(await instants(file(RISING.toReversed()), BERLIN), PASSED.toReversed());
  });

  it('is asked about, with both instants to choose from, where nothing tells it', async () => {
    const [row, ...others] = await readText(file(['2025-10-26 02:30:00', '2025-10-26 03:10:00']), BERLIN);
    assert.ok(row !== undefined && 'decision' in row);
    const { code, word, options, moves } = row.decision;
    assert.deepEqual([code, word], ['repeated-time', '2025-10-26 02:30:00']);
    assert.deepEqual(
      options.map(({ id, entries }) => [id, entries.map(({ time }) => new Date(time).toISOString())]),
      [
        ['first', ['2025-10-26T00:30:00.000Z']],
        ['second', ['2025-10-26T01:30:00.000Z']],
        ['nothing', []],
      ],
    );
    assert.deepEqual(
      moves.map(({ asset }) => asset),
      ['BTC', 'EUR'],
    );
    assert.equal(others.length, 1);
  });

  it('is asked about where time turns more than once, or runs no one way', async () => {
    const twice = ['01:30', '02:50', '02:05', '02:40', '02:10', '03:10'].map(
      (clock) => `2025-10-26 ${clock}:00`,
    );
    const asked = ['23:30', ...Array.from({ length: 4 }, () => '? repeated-time'), '02:10'];
    assert.deepEqual(await instants(file(twice), BERLIN), asked);
    const shuffled = [
      '2025-11-02 00:00:00',
      '2025-10-26 02:50:00',
      '2025-10-26 02:05:00',
      '2025-12-01 00:00:00',
    ];
    assert.deepEqual((await instants(file(shuffled), BERLIN)).slice(1, 3), [
      '? repeated-time',
      '? repeated-time',
    ]);
  });

  it('is asked about in every layout, of every kind of row', async () => {
    const statement = `User ID,Time,Account,Operation,Coin,Change,Remark
1,2025-10-26 02:30:00,Spot,Deposit,BTC,1,
1,2025-10-26 02:30:00,Spot,Something New,ETH,1,
1,2025-10-26 02:30:00,Spot,Transaction Buy,BTC,1,
1,2025-10-26 02:30:00,Spot,Transaction Spend,USDT,-2,
`;
    assert.deepEqual(await inShort(statement, BERLIN), [
      '? repeated-time first or second',
      '? repeated-time first or second',
      '? unknown-kind first:income or first:transfers or second:income or second:transfers',
    ]);
  });

  it('does not come twice where the cell names its zone, or clocks are never put back', async () => {
    assert.deepEqual(await instants(file(['2025-10-26 02:30:00 +01:00']), {}), ['01:30']);
    assert.deepEqual(await instants(file(['2025-10-26 02:30:00']), { tz: 'Asia/Seoul' }), ['17:30']);
  });

  it('that is skipped when they are put forward is refused, with the hour named', async () => {
    const [row] = await readText(file(['2025-03-30 02:30:00']), BERLIN);
    assert.ok(row !== undefined && 'error' in row);
    assert.deepEqual(row.error.params, {
      zone: 'Europe/Berlin',
      gap: '2025-03-30 02:00 to 2025-03-30 03:00',
    });
  });
});

describe('the zone of a cell', () => {
  for (const [time, options, heading] of [
    ['2026-01-01 00:00:00 +09:00', { tz: 'Europe/Berlin' }, 'time'],
    ['2026-01-01T00:00:00Z', { tz: 'Asia/Seoul' }, 'time'],
  ] as const) {
    it(`that contradicts the one of the file is refused, with both named: ${time} in ${heading}`, async () => {
      const [row] = await readText(file([time]), options);
      assert.ok(row !== undefined && 'error' in row);
      assert.equal(row.error.code, 'zone-conflict');
      assert.equal(row.error.params['file'], options.tz);
    });
  }

  it('that contradicts the one of the heading is refused', async () => {
    const text =
      'Date(UTC+9),Pair,Type,Price,Amount,Total,Fee,Fee Coin\n2024-01-01 00:00:00 UTC,BTCUSDT,BUY,2,1,2,0,BNB\n';
    const [row] = await readText(text);
    assert.ok(row !== undefined && 'error' in row);
    assert.deepEqual(row.error.params, { cell: 'UTC', file: 'UTC+9' });
  });

  it('that agrees with it then is taken', async () => {
    assert.deepEqual(await instants(file(['2026-01-01 00:00:00 +01:00']), BERLIN), ['23:00']);
    assert.deepEqual(await instants(file(['2026-01-01T00:00:00Z']), { tz: 'UTC' }), ['00:00']);
  });
});

describe('dates that a spreadsheet has changed in part', () => {
  const codes = async (times: readonly string[]): Promise<(string | undefined)[]> => {
    const rows = await readText(file(times), { tz: 'UTC', maxRows: 2_000 });
    return rows.map((row) => ('error' in row ? row.error.code : undefined));
  };

  it('are refused where day and month may have been exchanged, with both days named', async () => {
    const times = ['13/04/2026 00:00', '2026-04-03 00:00', '2026-04-20 00:00', '2026-05-05 00:00'];
    assert.deepEqual(await codes(times), [undefined, 'ambiguous-date', undefined, undefined]);
    const [, row] = await readText(file(times), { tz: 'UTC' });
    assert.ok(row !== undefined && 'error' in row);
    assert.equal(row.error.params['readings'], '2026-04-03, 2026-03-04');
  });

  it('are refused too where the change comes after the beginning of the file', async () => {
    const many = Array.from({ length: 1_500 }, () => '13/04/2026 00:00');
    const found = await codes([...many, '2026-04-03 00:00']);
    assert.deepEqual(found.slice(-2), [undefined, 'ambiguous-date']);
  });

  it('are refused as numbers of days', async () => {
    assert.deepEqual(await codes(['46115.5', '13/04/2026 00:00']), ['day-number', undefined]);
    const [row] = await readText(file(['46115.5']), { tz: 'UTC' });
    assert.ok(row !== undefined && 'error' in row);
    assert.equal(row.error.params['readings'], '2026-04-03, 2026-03-04');
  });

  it('are none where a program wrote them', async () => {
    assert.deepEqual(await codes(['2026-04-03T00:00:00Z', '2026-04-03 00:00:00']), [undefined, undefined]);
    assert.deepEqual(await codes(['2026-04-03 00:00:00', '2026-12-01 00:00:00']), [undefined, undefined]);
  });
});
