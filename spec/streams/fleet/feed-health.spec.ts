import assert from 'node:assert/strict';
import { type TestApp, startApp } from '../../support/app.ts';
import { eventually } from '../../support/eventually.ts';
import { seriesOf } from '../../support/scrape.ts';
import { startUpbit, type UpbitServer } from '../../support/upbit-server.ts';

describe('a node whose exchange goes away', function () {
  let upbit: UpbitServer;
  let app: TestApp;
  const lines: { msg: string; previous?: string; detail?: string | null }[] = [];

  before(async () => {
    upbit = await startUpbit();
    app = await startApp({
      env: {
        MARKET_FEED: `ccxt:upbit?symbols=BTC/KRW&ws=${upbit.ws}&rest=${upbit.rest}`,
        PUBLIC_METRICS: 'true',
      },
      log: (line) => lines.push(JSON.parse(line)),
    });
  });
  after(async () => {
    await app.close();
    await upbit.stop();
  });

  async function untilState(state: string): Promise<{ detail: string | null; since: string }> {
    return await eventually(async () => {
      const { status, body } = await app.call('GET', '/readyz');
      assert.equal(status, 200, 'the feed does not make a node unready');
      const [feed] = body.feeds;
      return feed.state === state && feed;
    }, `the state ${state}`);
  }

  async function scrape(): Promise<Map<string, number>> {
    return seriesOf(String((await app.call('GET', '/metrics')).body));
  }

  it('shows it in /readyz, the metrics and the log, once a change', async () => {
    await untilState('running');
    let series = await scrape();
    assert.equal(series.get('marktide_feed_state{feed="ccxt:upbit",state="running"}'), 1);
    assert.equal(series.get('marktide_feed_ticks_total{feed="ccxt:upbit"}'), 1);
    assert.ok((series.get('marktide_feed_last_tick_age_seconds{feed="ccxt:upbit"}') ?? -1) >= 0);
    assert.equal(series.get('marktide_feed_reconnects_total{feed="ccxt:upbit"}'), 0);

    await upbit.stop();
    const { detail } = await untilState('retrying');
    assert.ok(detail !== null);
    series = await scrape();
    assert.equal(series.get('marktide_feed_state{feed="ccxt:upbit",state="retrying"}'), 1);
    assert.equal(series.get('marktide_feed_state{feed="ccxt:upbit",state="running"}'), 0);

    await upbit.restart();
    await untilState('running');
    assert.equal((await scrape()).get('marktide_feed_reconnects_total{feed="ccxt:upbit"}'), 1);
    assert.deepEqual(
      lines.filter(({ previous }) => previous !== undefined).map(({ msg }) => msg),
      ['the feed is live', 'the feed has failed and is retrying', 'the feed is live'],
    );
  });
});
