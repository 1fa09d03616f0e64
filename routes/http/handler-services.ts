import type { KeyObject } from 'node:crypto';
import type { Database } from '../../db/connection/database.ts';
import type { Lookups } from '../../db/users/lookups.ts';
import type { AnswerCache } from '../../lib/cache/answer-cache.ts';
import type { Clock } from '../../lib/clock.ts';
import type { TradeReader } from '../../db/trades/trade-export.ts';
import type { Config } from '../../lib/config/config.ts';
import type { Slots } from '../../lib/async/slots.ts';
import type { Logger } from '../../lib/logging/log.ts';
import type { RateLimits } from '../../lib/limits/rate-limiter.ts';
import type { TokenKeys } from '../../lib/tokens/token-keys.ts';
import type { Registry } from 'prom-client';
import type { Credentials } from '../../lib/exchanges/exchange.ts';
import type { SecretsKey } from '../../lib/tokens/secrets-key.ts';
import type { AccountSync } from '../../streams/accounts/account-sync.ts';
import type { ExchangeClient } from '../../streams/accounts/exchange-client.ts';
import type { Authority } from '../../streams/fleet/authority.ts';
import type { Broker } from '../../streams/core/broker.ts';
import type { DayStarts } from '../../streams/portfolio/day-starts.ts';
import type { Hub } from '../../streams/core/connections/hub.ts';
import type { MarketWriter } from '../../streams/market/writer/market-writer.ts';
import type { Market } from '../../streams/market/market.ts';
import type { Backfills } from '../../streams/backfill/backfills.ts';
import type { LateRates } from '../../streams/portfolio/late-rates.ts';
import type { Outbox } from '../../streams/portfolio/outbox-publisher.ts';
import type { Readiness } from '../../streams/fleet/readiness.ts';
import type { StreamRegistry } from '../../streams/fleet/stream-registry.ts';
import type { Timeline } from '../../streams/fleet/timeline.ts';
import type { SocketServer } from '../../streams/transports/websocket-server.ts';

/** Everything that a handler may use. Created in app/services.ts and passed down. */
export interface Services {
  config: Config;
  clock: Clock;
  logger: Logger;
  db: Database;
  lookups: Lookups;
  broker: Broker;
  market: Market;
  marketWriter: MarketWriter;
  dayStarts: DayStarts;
  hub: Hub;
  outbox: Outbox;
  lateRates: LateRates;
  backfills: Backfills;
  /** Reads accounts at exchanges. */
  accounts: AccountSync;
  exchangeClient: ExchangeClient;
  /** The credentials of an account, decrypted. @throws AccountError `secrets-key-missing` */
  accountCredentials: (accountId: string) => Promise<Credentials>;
  /** The key that encrypts what has to be read again; `null`: there is none. */
  secretsKey: () => Promise<SecretsKey | null>;
  authority: Authority;
  streamRegistry: StreamRegistry;
  /** `null` without WebSockets. */
  sockets: SocketServer | null;
  answers: AnswerCache;
  limits: RateLimits;
  metrics: Registry;
  readiness: Readiness;
  /** The id of this process; a new one at each start. */
  nodeId: string;
  /** Notices that the database has gone back in time. */
  timeline: Timeline;
  /** Slots for long-running work of a node or its database. */
  slots: {
    /** Files being uploaded. */
    uploads: Slots;
    /** Uploaded files being booked. */
    imports: Slots;
    exports: Slots;
    /** For changes of ledgers; the client is the portfolio. */
    changes: Slots;
  };
  /** Reads long lists of trades. */
  readTrades: TradeReader;
  /** The secret for what only our own nodes verify: stream tokens, and values derived from it. */
  tokenKey: KeyObject;
  /** The keys of access tokens. */
  tokenKeys: TokenKeys;
}
