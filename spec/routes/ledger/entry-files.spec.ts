import assert from 'node:assert/strict';
import { assert as check, asyncProperty, nat } from 'fast-check';
import { bookkeeper, dice } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { runs } from '../../support/runs.ts';

const METHODS = ['average', 'fifo', 'lifo', 'hifo'] as const;
const ASSETS = ['BTC', 'ETH', '币安人生', 'stETH'];
const TEXTS = [
  'plain',
  'a "quote", a comma',
  '=1+1',
  "'apostrophe",
  'two\nlines',
  '메모; \\ end',
  '-5',
  '@x',
];
const START = Date.UTC(2026, 2, 2);

/** Entries of every kind, in any order, some of them in one instant, with and without id, sequence and fee. */
function randomLedger(seed: number): { entries: object[]; joins: [string, string][] } {
  const roll = dice(seed);
  const one = <T>(of: readonly T[]): T => of[roll(of.length)] ?? assert.fail();
  const amount = (whole: number): string => `${roll(whole)}.${1 + roll(99_999_999)}`;
  const maybe = (fields: object): object => (roll(2) === 0 ? {} : fields);
  const entries: object[] = [
    { kind: 'deposit', asset: 'KRW', quantity: '90000000', time: new Date(START).toISOString() },
  ];
  const joins: [string, string][] = [];
  const common = (index: number): { time: string } => ({
    time: new Date(START + (index - roll(2)) * 3_600_000).toISOString(),
    ...maybe({ exchange: one(['upbit', 'binance']), note: one(TEXTS) }),
    ...maybe({ tags: [one(TEXTS).replaceAll('\n', ' '), `t${index}`] }),
    ...maybe({ sequence: roll(3) }),
    ...(roll(3) === 0 ? { externalId: `x${index}` } : {}),
  });
  const bodyOf = (index: number): object => {
    const [asset, other] = [one(ASSETS), one(['KRW', 'BNB'])];
    const unitCost = asset === 'KRW' ? {} : maybe({ unitCost: amount(900) });
    const moved = { asset, quantity: amount(3), ...unitCost };
    const account = maybe({ account: one(['wallet', 'a, b']) });
    const fee = maybe({ fee: { amount: `0.0000${roll(999)}`, currency: one([asset, other]) } });
    const side = one(['buy', 'buy', 'sell']);
    switch (roll(12)) {
      case 0:
        return { kind: 'deposit', ...moved, ...account, ...maybe({ txid: `0x${index}` }) };
      case 1:
        return {
          kind: 'withdrawal',
          ...moved,
          ...maybe({ networkFee: '0.000000000000000001' }),
          ...maybe({ confirmed: true }),
        };
      case 2:
        return { kind: 'reward', ...moved, ...maybe({ subtype: one(['staking', 'airdrop', 'cashback']) }) };
      case 3:
        return { kind: one(['fee', 'rebate']), ...moved };
      case 4: {
        const subtype = one(['opening', 'correction']);
        const quantity = one(['', '-']) + amount(2);
        return { kind: 'adjustment', ...moved, quantity, subtype, reason: one(TEXTS).replaceAll('\n', ' ') };
      }
      case 5: {
        const received = maybe({ received: '0.5' });
        const from = ASSETS.slice(0, 1 + roll(3)).map((each) => ({
          asset: each,
          quantity: amount(1),
          ...received,
        }));
        return { kind: 'convert', ...account, from, to: { asset: 'BNB', quantity: amount(4) } };
      }
      case 6:
        return { kind: 'transfer', asset, quantity: amount(1), account: 'wallet', toAccount: 'cold', ...fee };
      case 7:
        return { kind: 'fork', asset, toAsset: 'FORK', quantity: amount(2), ...maybe({ costShare: '0.25' }) };
      case 8: {
        if (index < 15) return { kind: 'rename', asset: 'NONE', toAsset: 'SOME' };
        const ratio = { from: '1000', to: '3' };
        return { kind: 'redenomination', asset, ...maybe({ toAsset: `${asset}X` }), ratio };
      }
      default: {
        const order = maybe({ orderId: `o${index}`, type: 'limit' });
        const size = { quantity: `1${amount(3)}`, price: `1${amount(900)}` };
        return { kind: 'trade', symbol: `${asset}/KRW`, side, ...size, ...fee, ...order, ...account };
      }
    }
  };
  for (let index = 1; index < 28; index += 1) {
    entries.push({ ...common(index), ...bodyOf(index) });
    if (index % 9 !== 4) continue;
    const asset = one(ASSETS);
    const [out, into] = [`out${index}`, `into${index}`];
    const gone = { kind: 'withdrawal', asset, quantity: '0.5', externalId: out };
    const come = { kind: 'deposit', asset, quantity: '0.49', externalId: into };
    entries.push({ ...common(index), ...gone }, { ...common(index + 1), ...come });
    joins.push([out, into]);
  }
  return { entries: entries.toSorted(() => roll(3) - 1), joins };
}

const SPAN = 'from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z';

/** What differs between two portfolios of the same entries. */
const OWN = new Set(['id', 'portfolioId', 'version', 'position', 'asOf', 'createdAt', 'updatedAt', 'name']);

function plain(body: unknown, ids: ReadonlyMap<string, number>): unknown {
  if (typeof body === 'string') return ids.get(body) ?? body;
  if (Array.isArray(body)) return body.map((each) => plain(each, ids));
  if (typeof body !== 'object' || body === null) return body;
  const fields = Object.entries(body).filter(([name]) => !OWN.has(name));
  return Object.fromEntries(fields.map(([name, value]) => [name, plain(value, ids)]));
}

eachApp('a ledger that goes through a file', (app) => {
  const { user, call, get, post, portfolio, closes } = bookkeeper(app);
  before(async () => {
    const days = { '2026-03-01': '120.5', '2026-03-02': '131', '2026-03-03': '99.25' };
    await closes(Object.fromEntries([...ASSETS, 'BNB'].map((asset) => [`${asset}/KRW`, days])));
  });

  async function imported(path: string, file: string) {
    const response = await fetch(`${app().url}${path}/trades/import`, {
      method: 'POST',
      headers: { authorization: user().authorization, 'content-type': 'text/csv' },
      body: file,
    });
    const text = await response.text();
    assert.ok(response.ok, text);
    return JSON.parse(text);
  }

  async function figures(path: string): Promise<Record<string, unknown>> {
    const { items } = await get(`${path}/entries?order=asc&limit=500`);
    const ids = new Map<string, number>(items.map(({ id }: { id: string }, at: number) => [id, at]));
    const all: Record<string, unknown> = { entries: plain(items, ids) };
    for (const name of [
      'holdings',
      'pnl',
      `pnl/periods?interval=month&${SPAN}`,
      `performance?${SPAN}`,
      'lots',
    ]) {
      all[name] = plain(await get(`${path}/${name}`), ids);
    }
    return all;
  }

  async function joinAll(path: string, joins: readonly [string, string][]): Promise<void> {
    const { items } = await get(`${path}/entries?limit=500`);
    const idOf = (externalId: string): string =>
      items.find((entry: { externalId: string | null }) => entry.externalId === externalId)?.id;
    for (const [out, into] of joins) {
      const body = { depositId: idOf(into) };
      const answer = await call('PUT', `${path}/entries/${idOf(out)}/joined`, body);
      assert.equal(answer.status, 204, JSON.stringify(answer.body));
    }
  }

  for (const costMethod of METHODS) {
    it(`has the same entries and figures after it: ${costMethod}`, async () => {
      await check(
        asyncProperty(nat(1_000_000), async (seed) => {
          const { entries, joins } = randomLedger(seed);
          const [path, other] = [await portfolio({ costMethod }), await portfolio({ costMethod })];
          await post(`${path}/entries`, { items: entries });
          await joinAll(path, joins);
          const { body: file } = await call('GET', `${path}/entries.csv`);
          const report = await imported(other, String(file));
          assert.deepEqual([report.accepted, report.unjoined], [entries.length, 0]);
          assert.deepEqual(await figures(other), await figures(path));
          const again = await imported(other, String(file));
          assert.deepEqual([again.accepted, again.duplicates], [0, entries.length]);
        }),
        { numRuns: runs(3), endOnFailure: true },
      );
    });
  }
});
