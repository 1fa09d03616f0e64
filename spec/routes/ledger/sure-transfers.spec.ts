import assert from 'node:assert/strict';
import type { Answer } from '../../support/app.ts';
import { bookkeeper } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { StreamClient } from '../../support/stream-client.ts';

const at = (day: number, hour = 0): string => new Date(Date.UTC(2026, 2, day, hour)).toISOString();

interface Entry {
  id: string;
  joinedWith: string | null;
  joinedPortfolio: string | null;
  joinedBy: string | null;
}

eachApp('transfers that name one transaction', (app) => {
  const { user, call, get, post, portfolio, closes } = bookkeeper(app);
  before(() => closes({ 'ETH/KRW': { '2026-03-01': '120' } }));
  afterEach(async () => {
    const { items } = await get('/v1/portfolios');
    for (const { id } of items) assert.equal((await call('DELETE', `/v1/portfolios/${id}`)).status, 204);
  });

  const BOUGHT = { kind: 'trade', symbol: 'ETH/KRW', side: 'buy', quantity: '100', price: '90', time: at(1) };
  const out = (more: object = {}): object => ({
    kind: 'withdrawal',
    asset: 'ETH',
    account: 'upbit',
    quantity: '3',
    networkFee: '0.1',
    time: at(3),
    txid: '0xa',
    ...more,
  });
  const into = (more: object = {}): object => ({
    kind: 'deposit',
    asset: 'ETH',
    account: 'wallet',
    quantity: '2.9',
    time: at(3, 1),
    txid: '0xa',
    ...more,
  });
  async function opened(settings: object = {}): Promise<string> {
    const path = await portfolio(settings);
    await post(`${path}/entries`, BOUGHT);
    return path;
  }
  const entry = async (path: string, { id }: { id: string }): Promise<Entry> =>
    await get(`${path}/entries/${id}`);
  const sent = async (path: string, file: string): Promise<Answer> => {
    const response = await fetch(`${app().url}${path}/trades/import`, {
      method: 'POST',
      headers: { authorization: user().authorization, 'content-type': 'text/csv' },
      body: file,
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  const joinsOf = async (path: string): Promise<(string | null)[]> =>
    (await get(`${path}/entries?kind=deposit,withdrawal&order=asc`)).items.map(
      ({ joinedBy }: Entry) => joinedBy,
    );

  it('are joined with the booking of the second half, told on the stream, and parted by one call', async () => {
    for (const [first, second] of [
      [out(), into()],
      [into({ txid: '0xe' }), out({ txid: '0xe' })],
    ] as const) {
      const path = await opened();
      const before = await post(`${path}/entries`, first);
      const stream = new StreamClient(`${app().url}/v1/streams?channels=ledger:${path.split('/').at(-1)}`, {
        headers: { authorization: user().authorization },
      });
      await stream.ready();
      const after: Entry = await post(`${path}/entries`, second);
      assert.deepEqual([after.joinedWith, after.joinedBy], [before.id, 'txid']);
      assert.deepEqual(await entry(path, after), after);
      assert.equal((await entry(path, before)).joinedWith, after.id);
      await stream.until(
        () => stream.of('ledger').filter(({ data }) => data.change === 'changed').length === 2,
        'the join',
      );
      stream.cut();
      const { warnings, realizedPnl } = await get(`${path}/pnl`);
      assert.ok(!warnings.some(({ code }: { code: string }) => code === 'unmatched-withdrawal'));
      assert.equal(realizedPnl.gross, '0');
      assert.deepEqual((await get(`${path}/transfers/matches`)).items, []);
      assert.equal((await call('DELETE', `${path}/entries/${after.id}/joined`)).status, 204);
      const parted = await entry(path, before);
      assert.deepEqual([parted.joinedWith, parted.joinedBy], [null, null]);
      const [match] = (await get(`${path}/transfers/matches`)).items;
      assert.equal((await call('POST', `${path}/transfers/matches/${match.id}/reject`)).status, 204);
      const txid = `0x${after.id}`;
      // Whatever is booked later joins neither of them.
      await post(`${path}/entries`, out({ txid, time: at(5) }));
      await post(`${path}/entries`, into({ txid, time: at(5, 1) }));
      assert.deepEqual(await joinsOf(path), [null, null, 'txid', 'txid']);
    }
  });

  it('are joined in a batch, from a file, and by its decision alike', async () => {
    const path = await opened();
    const { items, version } = await post(`${path}/entries`, { items: [out(), into()] });
    assert.deepEqual(
      items.map(({ entry: { joinedBy } }: { entry: Entry }) => joinedBy),
      ['txid', 'txid'],
    );
    assert.equal(version, (await get(path)).version);
    const other = await opened();
    await post(`${other}/entries`, into({ txid: '0xc' }));
    const head = 'time,kind,asset,quantity,feeAmount,feeCurrency,txid';
    const file = `${head}\n${at(3)},withdrawal,ETH,3,0.1,ETH,0xc\n`;
    const report = await sent(other, file);
    assert.deepEqual([report.status, report.body.accepted], [201, 1], JSON.stringify(report.body));
    assert.equal(report.body.version, (await get(other)).version);
    assert.deepEqual(await joinsOf(other), ['txid', 'txid']);
    const again = await sent(other, file);
    assert.deepEqual([again.body.accepted, again.body.duplicates], [0, 1]);
  });

  it('are joined between portfolios of one owner, with the figures of joining them by hand', async () => {
    const figures = async (paths: readonly string[]): Promise<unknown> =>
      await Promise.all(
        paths.map(async (path) => {
          const { position: _, asOf: __, portfolioId: ___, ...pnl } = await get(`${path}/pnl`);
          const warnings = pnl.warnings.map(({ code }: { code: string }) => code);
          return { ...pnl, warnings };
        }),
      );
    const both = [await opened(), await opened()] as const;
    const left: Entry = await post(`${both[0]}/entries`, out({ txid: '0xd' }));
    const arrived: Entry = await post(`${both[1]}/entries`, into({ txid: '0xd' }));
    const [from, to] = [await entry(both[0], left), await entry(both[1], arrived)];
    assert.deepEqual([from.joinedWith, from.joinedPortfolio], [to.id, both[1].split('/').at(-1)]);
    assert.deepEqual([to.joinedWith, to.joinedBy], [from.id, 'txid']);
    const hand = [await opened(), await opened()] as const;
    const withdrawal: Entry = await post(`${hand[0]}/entries`, out({ txid: undefined }));
    const deposit: Entry = await post(`${hand[1]}/entries`, into({ txid: undefined }));
    const body = { depositId: deposit.id, portfolioId: hand[1].split('/').at(-1) };
    assert.equal((await call('PUT', `${hand[0]}/entries/${withdrawal.id}/joined`, body)).status, 204);
    assert.equal((await entry(hand[0], withdrawal)).joinedBy, null);
    assert.deepEqual(await figures(both), await figures(hand));
  });

  it('are joined once when both halves are booked at the same time', async () => {
    const both = [await opened(), await opened()] as const;
    const txids = Array.from({ length: 8 }, (_, n) => `0xr${n}`);
    await Promise.all(
      txids.flatMap((txid) => [
        post(`${both[0]}/entries`, out({ txid })),
        post(`${both[1]}/entries`, into({ txid })),
      ]),
    );
    for (const path of both)
      assert.deepEqual(
        await joinsOf(path),
        txids.map(() => 'txid'),
      );
  });

  for (const [name, entries] of [
    ['a fee that does not explain the difference', [out({ networkFee: '0.2' }), into()]],
    ['no fee, but a difference', [out({ networkFee: undefined }), into()]],
    ['more than one deposit', [out({ quantity: '6' }), into(), into()]],
    ['more than one withdrawal', [out(), out(), into()]],
    ['another asset', [out(), into({ asset: 'BTC' })]],
    ['another transaction', [out(), into({ txid: '0xz' })]],
    ['a withdrawal that has left for good', [out({ confirmed: true }), into()]],
    ['an arrival long after', [out(), into({ time: at(9) })]],
    ['the base currency', [out({ asset: 'KRW' }), into({ asset: 'KRW' })]],
  ] as const) {
    it(`are left to their owner with ${name}`, async () => {
      const path = await opened();
      for (const each of entries) await post(`${path}/entries?possibleDuplicates=book`, each);
      assert.deepEqual(
        await joinsOf(path),
        entries.map(() => null),
      );
    });
  }

  it('are left alone in portfolios that the booker may not change, or of another base currency', async () => {
    const path = await opened();
    const dollars = await opened({ baseCurrency: 'USD' });
    await post(`${path}/entries`, out());
    await post(`${dollars}/entries`, into());
    assert.deepEqual([...(await joinsOf(path)), ...(await joinsOf(dollars))], [null, null]);
  });
});
