import type { KeyObject } from 'node:crypto';
import type { Database } from '../db/database.ts';
import type { Clock } from '../lib/clock.ts';
import type { Config } from '../lib/config.ts';
import type { Logger } from '../lib/log.ts';
import type { Broker } from '../streams/broker.ts';
import type { Hub } from '../streams/hub.ts';
import type { MarketWriter } from '../streams/market-writer.ts';
import type { Market } from '../streams/market.ts';
import type { Readiness } from '../streams/readiness.ts';

/** All that a handler may use. Made in one place (lib/services.ts) and handed down. */
export interface Services {
  config: Config;
  clock: Clock;
  logger: Logger;
  db: Database;
  broker: Broker;
  market: Market;
  marketWriter: MarketWriter;
  hub: Hub;
  readiness: Readiness;
  tokenKey: KeyObject;
}
