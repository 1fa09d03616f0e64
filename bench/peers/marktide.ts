import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../app/app.ts';
import { systemClock } from '../../lib/clock.ts';
import { readConfig } from '../../lib/config/config.ts';
import { ensureAdmin } from '../../app/first-start.ts';
import { createLogger } from '../../lib/logging/log.ts';
import { listen } from '../../app/server.ts';
import { createServices } from '../../app/services.ts';
import { type Payload } from '../../streams/core/broker.ts';
import { MARKET_LOG } from '../../streams/channels/logs.ts';
import { CATALOG } from '../../streams/channels/catalog.ts';
import { channelSetTag, parseChannels } from '../../streams/core/channel.ts';
import { cursorAt } from '../../streams/core/cursor.ts';
import { stampedTrade } from '../stamped-trade.ts';
import { servePeer } from './peer.ts';

/** The whole program, as `app/main.ts` wires it: embedded database, ring in memory, pushed ticks. */
const CHANNELS = 'trade:BTC/KRW';

const dataDir = mkdtempSync(join(tmpdir(), 'marktide-bench-'));
process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }));
const config = readConfig({
  DATA_DIR: dataDir,
  MARKET_FEED: 'push',
  DEMO: 'false',
  PUBLIC_MARKET: 'true',
  PORT: '0',
  LOG_LEVEL: 'warn',
  // All load comes from one address.
  RATE_LIMIT_ADDRESS: '0',
  RATE_LIMIT_USER: '0',
  RATE_LIMIT_STREAM: '0',
  STREAMS_PER_ADDRESS: '100000',
  ...process.env,
});
const logger = createLogger(config.LOG_LEVEL);
const { services } = await createServices({ config, clock: systemClock, random: Math.random, logger });
const { url } = await listen(
  createApp(services),
  { host: config.HOST, port: config.PORT },
  { headersMs: 15_000, requestMs: 60_000 },
  services,
);
const { broker } = services;

/** A tick as the market writer puts it into the log: the trade, then the ticker. */
function tick(sequence: number): Payload {
  const trade = stampedTrade(sequence);
  const { symbol, price, time, exchange, simulated } = trade;
  const ticker = {
    symbol,
    price,
    change: '-1204000',
    changeRate: '-0.0078',
    high: '154100000',
    low: '151900000',
    volume: '1834.22918273',
    quoteVolume: '280012394812.1',
    time,
    exchange,
    simulated,
  };
  return { key: 'ticker:BTC/KRW', data: JSON.stringify({ type: 'tick', ticker, trade }) };
}

/** @returns the offset of the last one; those of a batch are consecutive, but candles come in between */
async function publish(first: number, count: number): Promise<number> {
  const batch = Array.from({ length: count }, (_, index) => tick(first + index));
  const { offset } = await broker.publish(MARKET_LOG, batch);
  return offset;
}

/** Of the ticks that `fill` has published. */
const offsets: number[] = [];

servePeer({
  url: `${url}/v1/streams?channels=${CHANNELS}`,
  publish: (first, count) => void publish(first, count),
  abilities: {
    /** With the password of `ADMIN_PASSWORD`. */
    admin: () => ensureAdmin(services),
    /** Fills the ring. */
    async fill({ events }: { events: number }) {
      for (let done = 0; done < events; done += 1_000) {
        const count = Math.min(1_000, events - done);
        const last = await publish(done, count);
        for (let offset = last - count + 1; offset <= last; offset += 1) offsets.push(offset);
      }
    },
    /** The id of a client that lacks the newest `missed` of them. */
    async cursor({ missed }: { missed: number }) {
      const { epoch } = await broker.head(MARKET_LOG);
      const offset = (offsets[offsets.length - missed] ?? 0) - 1;
      return cursorAt(
        channelSetTag(parseChannels(CATALOG, CHANNELS.split(','))),
        new Map([[MARKET_LOG, { epoch, offset }]]),
      );
    },
  },
});
