import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartError } from '../../../../lib/start-error.ts';
import { checkFeed } from '../../../../streams/market/feeds/feed-check.ts';
import { parseFeedSpec } from '../../../../streams/market/feeds/feed-spec.ts';

const RECORDED = fileURLToPath(
  new URL('../../../fixtures/binance-XRP-ETH-trades-2019-10-11.csv', import.meta.url),
);

describe('the check of the feed at the start', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marktide-feed-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function refusal(feed: string, load?: () => Promise<unknown>): Promise<string> {
    try {
      await checkFeed(parseFeedSpec(feed), load);
    } catch (error) {
      assert.ok(error instanceof StartError, String(error));
      return error.message;
    }
    return assert.fail(`${feed} was taken`);
  }

  it('takes what can run', async () => {
    for (const feed of [
      'simulator',
      'push',
      'none',
      `replay:${RECORDED}?symbol=XRP/ETH`,
      'ccxt:upbit?symbols=BTC/KRW',
    ])
      await checkFeed(parseFeedSpec(feed));
  });

  it('refuses a replay of a file that does not exist or is a folder', async () => {
    const missing = join(folder, 'none.csv');
    assert.equal(
      await refusal(`replay:${missing}?symbol=XRP/ETH`),
      `MARKET_FEED cannot be used: the file "${missing}" does not exist.`,
    );
    assert.equal(
      await refusal(`replay:${folder}?symbol=XRP/ETH`),
      `MARKET_FEED cannot be used: the file "${folder}" is a folder, not a CSV file.`,
    );
  });

  it('refuses a replay of a file that has not the columns of a recording', async () => {
    for (const [name, text, missing] of [
      ['passwd', 'root:x:0:0:root:/root:/bin/sh\n', 'timestamp_ms, trade_id, side, price, amount'],
      ['partial.csv', '\ufefftimestamp_ms,trade_id,price,amount\n1,2,3,4\n', 'side'],
      ['empty.csv', '', 'timestamp_ms, trade_id, side, price, amount'],
      ['binary', '\0'.repeat(100_000), 'timestamp_ms, trade_id, side, price, amount'],
    ] as const) {
      const file = join(folder, name);
      await writeFile(file, text);
      assert.equal(
        await refusal(`replay:${file}?symbol=XRP/ETH`),
        `MARKET_FEED cannot be used: the file "${file}" is not a recording of trades: the header lacks ${missing}.`,
      );
    }
  });

  it('refuses an exchange that ccxt does not have, or has without a WebSocket or the channel', async () => {
    assert.match(
      await refusal('ccxt:nowhere?symbols=BTC/KRW'),
      /^MARKET_FEED cannot be used: ccxt knows no exchange "nowhere": \S+ lists their ids\.$/,
    );
    assert.match(await refusal('ccxt:constructor?symbols=BTC/KRW'), /ccxt knows no exchange "constructor"/);
    class TickersOnly {
      has = { watchTicker: true };
    }
    const load = async (): Promise<unknown> => ({
      exchanges: { quiet: TickersOnly, slow: TickersOnly },
      pro: { slow: TickersOnly },
    });
    assert.equal(
      await refusal('ccxt:quiet?symbols=BTC/KRW', load),
      'MARKET_FEED cannot be used: ccxt has no WebSocket for the exchange "quiet".',
    );
    assert.equal(
      await refusal('ccxt:slow?symbols=BTC/KRW', load),
      'MARKET_FEED cannot be used: slow has no live trades in ccxt; use channel=ticker.',
    );
    await checkFeed(parseFeedSpec('ccxt:slow?symbols=BTC/KRW&channel=ticker'), load);
  });

  it('says how to install ccxt where it is missing', async () => {
    assert.equal(
      await refusal('ccxt:upbit?symbols=BTC/KRW', () => Promise.reject(new Error('Cannot find package'))),
      'MARKET_FEED cannot be used: the optional dependency ccxt is not installed: run "npm install ccxt".',
    );
  });
});
