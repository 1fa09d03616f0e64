import { z } from 'zod';
import { hostNameOf, isLoopback } from '../http/host-name.ts';
import { commaList } from '../text/comma-list.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const proxies = z
  .string()
  .regex(/^(?:true|false|\d|10)$/, 'must be true, false, or how many proxies there are, up to 10')
  .transform((text) => (text === 'true' ? 1 : text === 'false' ? 0 : Number(text)));
const milliseconds = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const perMinute = (requests: number) => z.coerce.number().int().min(0).max(10_000_000).default(requests);
const quota = (limit: number, max = 1_000_000) => z.coerce.number().int().min(1).max(max).default(limit);
const keptFor = (seconds: number) => z.coerce.number().int().min(1).max(86_400).default(seconds);
const list = z.string().transform(commaList);
const isUrlOf = (text: string, protocols: readonly string[]): boolean =>
  URL.canParse(text) && protocols.includes(new URL(text).protocol);
const SENTINEL_URL =
  /^rediss?\+sentinel:\/\/(?:[^@/]*@)?[^\s:,/@]+(?::\d{1,5})?(?:,[^\s:,/@]+(?::\d{1,5})?)*\/[^\s/?#]+(?:\/\d+)?$/;
const url = (protocols: string[]) =>
  z.string().refine((text) => isUrlOf(text, protocols), {
    message: `must be a URL starting with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });

/** Every variable the process reads, with its default. README's table is made from the descriptions. */
export const ENVIRONMENT = z.object({
  PORT: port.default(3000).describe('TCP port to listen on; `0` picks a free one.'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on; `0.0.0.0` for all.'),
  DATA_DIR: z
    .string()
    .min(1)
    .default('data')
    .describe('Folder of the embedded database and of the generated secret.'),
  DATABASE_URL: url(['postgres:', 'postgresql:'])
    .optional()
    .describe('PostgreSQL instead of the embedded database.'),
  DATABASE_POOL: z.coerce
    .number()
    .int()
    .min(1)
    .max(200)
    .default(10)
    .describe('Connections to PostgreSQL at most.'),
  STATEMENT_TIMEOUT_MS: milliseconds(1_000, 600_000)
    .default(30_000)
    .describe(
      'Time after which PostgreSQL cancels a statement of a request. Migrations, imports, exports, restatements and deletions have more.',
    ),
  REDIS_URL: z
    .string()
    .refine((text) => SENTINEL_URL.test(text) || isUrlOf(text, ['redis:', 'rediss:']), {
      message:
        'must be a URL such as redis://host:6379, rediss://host:6379 or redis+sentinel://host:26379/name',
    })
    .optional()
    .describe(
      'Redis instead of in-memory rings and leases: `redis://…`, `rediss://…` (TLS), or `redis+sentinel://[user:password@]host[:port][,…]/name[/db]`.',
    ),
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w:.-]{1,64}$/, 'must have 1 to 64 letters, digits, or characters of _:.-')
    .default('marktide:')
    .describe('Begins every key and channel in Redis. Fleets that share a Redis need one each.'),
  MARKET_FEED: z
    .string()
    .min(1)
    .default('simulator')
    .describe(
      'Where ticks come from: `simulator`, `replay:<csv>?symbol=ETH/USDT`, `push`, `ccxt:<exchange>?symbols=BTC/KRW,…` or `none`.',
    ),
  REPLAY_SPEED: z
    .union([z.literal('max'), z.coerce.number().positive().max(1e6)], 'must be a number above 0, or max')
    .default(1)
    .describe(
      'Speed of a replay: `1` as recorded, `60` a minute a second, `max` as fast as it can be stored.',
    ),
  FEED_SEED: z.coerce
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .optional()
    .describe('Seed of the simulator, for a market that repeats itself.'),
  ADMIN_EMAIL: z.email().default('admin@marktide.local').describe('The first administrator.'),
  ADMIN_PASSWORD: z
    .string()
    .min(8)
    .max(200)
    .optional()
    .describe('Password of the first administrator; unset: one is made and printed once.'),
  DEMO: flag
    .optional()
    .describe(
      'A demo user, whose password everybody knows, with a funded, traded portfolio. Default: `true` without `DATABASE_URL` on a loopback `HOST` without a proxy, otherwise `false`. `false` disables the demo user that an earlier start has made; its portfolios are kept.',
    ),
  JWT_SECRET: z
    .string()
    .min(32, 'must have at least 32 characters')
    .optional()
    .describe('Secret of the access tokens; required with `DATABASE_URL`, else made and kept in `DATA_DIR`.'),
  JWT_PRIVATE_KEY_FILE: z
    .string()
    .optional()
    .describe(
      'PEM file of the key that signs access tokens: Ed25519 (EdDSA), RSA (RS256) or P-256 (ES256). Only its owner and group may be able to read it. Unset: tokens are signed with `JWT_SECRET` (HS256).',
    ),
  JWT_PUBLIC_KEY_FILES: list
    .default([])
    .describe('PEM files of further public keys that verify access tokens, comma-separated, to change keys.'),
  REGISTRATION: z
    .enum(['open', 'closed'])
    .default('closed')
    .describe('`open`: anybody may register as a trader; `closed`: administrators make the users.'),
  AUDIT_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(36_500)
    .default(365)
    .describe('Age up to which the audit log is kept, in days.'),
  AUDIT_ROWS: z.coerce
    .number()
    .int()
    .min(100)
    .max(100_000_000)
    .default(200_000)
    .describe('Events that the audit log keeps; the oldest go first.'),
  ACCESS_TOKEN_TTL: z.coerce
    .number()
    .int()
    .min(1)
    .max(86_400)
    .default(900)
    .describe('Life of an access token, in seconds.'),
  STREAM_TOKEN_TTL: z.coerce
    .number()
    .int()
    .min(1)
    .max(86_400)
    .default(900)
    .describe('Life of a stream token (`?token=` of a stream), in seconds.'),
  REFRESH_TOKEN_TTL: z.coerce
    .number()
    .int()
    .min(60)
    .max(31_536_000)
    .default(2_592_000)
    .describe('Life of a refresh token, in seconds.'),
  SESSION_MAX_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(3_650)
    .default(90)
    .describe('Age at which a session ends, in days: refreshing does not prolong it any further.'),
  PUBLIC_MARKET: flag.default(false).describe('`true`: market data needs no login.'),
  CORS_ORIGINS: list
    .default([])
    .refine(
      (origins) => origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
      {
        message: 'must be a comma-separated list of origins such as https://app.example.com',
      },
    )
    .describe('Origins that browsers may call from, comma-separated.'),
  TRUST_PROXY: proxies
    .default(0)
    .describe(
      'How many proxies stand in front, whose `X-Forwarded-*` headers are believed; `true` for one, `false` for none.',
    ),
  ALLOWED_HOSTS: list
    .refine((names) => names.every((name) => hostNameOf(name) === name.toLowerCase()), {
      message: 'must be a comma-separated list of host names such as dash.example.com, without ports',
    })
    .default([])
    .describe(
      'Names by which the server may be called, comma-separated, besides `localhost`, `127.0.0.1`, `[::1]` and `HOST`; any other `Host` (with `TRUST_PROXY` also any other `X-Forwarded-Host`) gets 421, except at `/healthz` and `/readyz`. Unset: checked on a loopback `HOST` without a proxy only, where it stops DNS rebinding.',
    ),
  HEADERS_TIMEOUT_MS: milliseconds(100, 600_000)
    .default(15_000)
    .describe('Time in which the headers of a request must have come.'),
  REQUEST_TIMEOUT_MS: milliseconds(100, 3_600_000)
    .default(60_000)
    .describe('Time in which a whole request must have come; streams are answers and may take longer.'),
  UPLOAD_TIMEOUT_MS: milliseconds(1_000, 3_600_000)
    .default(600_000)
    .describe('The same for a file of trades; nor may its sender fall silent for half a minute.'),
  BODY_LIMIT_KB: z.coerce
    .number()
    .int()
    .min(16)
    .max(8_192)
    .default(1_024)
    .describe(
      'Largest JSON body of a batch of trades, transfers, ticks or candles, in KiB. Any other is 16 KiB at most.',
    ),
  RATE_LIMIT_ADDRESS: perMinute(6_000).describe(
    'Requests a minute from one address (of IPv6: one /64 network) to one process, before the credential is looked at. `0`, here and below: no limit.',
  ),
  RATE_LIMIT_USER: perMinute(3_000).describe('Requests a minute of one user, with its log-ins together.'),
  RATE_LIMIT_API_KEY: perMinute(3_000).describe(
    'Requests a minute of one API key; a key may be made with less.',
  ),
  RATE_LIMIT_STREAM: perMinute(300).describe(
    'Streams opened a minute by one user; where no log-in is needed, from one address.',
  ),
  RATE_LIMIT_LOGIN: perMinute(300).describe(
    'Log-ins, registrations and refreshes a minute from one address.',
  ),
  RATE_LIMIT_LOGIN_FAILURES: z.coerce
    .number()
    .int()
    .min(0)
    .max(100_000)
    .default(10)
    .describe(
      'Failed log-ins in 15 minutes of one account from one address; ten times as many from one address, and of one account from everywhere.',
    ),
  PORTFOLIOS_PER_USER: quota(100).describe('Portfolios of one user.'),
  SHARES_PER_USER: quota(200).describe(
    'Users whom one user shares portfolios with, counted once for each portfolio; open invitations count too.',
  ),
  API_KEYS_PER_USER: quota(50).describe('API keys of one user.'),
  TAGS_PER_ENTRY: quota(20, 100).describe('Tags of one trade or transfer.'),
  TAGS_PER_PORTFOLIO: quota(1_000).describe('Different tags in one portfolio.'),
  UPLOADS_PER_USER: quota(4, 1_000).describe(
    'Files of trades that one user may be sending to one process at once.',
  ),
  UPLOADS_MAX: quota(32, 10_000).describe(
    'Files of trades that all users may be sending to one process at once.',
  ),
  IMPORT_LIMIT_MB: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_024)
    .default(64)
    .describe('Largest CSV file of trades that can be imported, in MiB.'),
  IMPORT_ROWS: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000_000)
    .default(250_000)
    .describe('Rows of a CSV file of trades at most, empty ones counted.'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('How much is logged.'),
  PUBLIC_METRICS: flag.default(false).describe('`true`: `/metrics` needs no credential.'),
  METRICS_TOKEN: z
    .string()
    .min(16, 'must have at least 16 characters')
    .max(200)
    .optional()
    .describe('Bearer token that may read `/metrics`, for Prometheus; administrators may anyway.'),
  WEBSOCKET: flag.default(true).describe('`false`: there is no `/v1/ws`.'),
  STREAM_FLUSH_MS: milliseconds(0, 1_000)
    .default(20)
    .describe('Longest time a busy stream gathers events before a write.'),
  STREAM_HEARTBEAT_MS: milliseconds(100, 120_000)
    .default(15_000)
    .describe('Silence after which a stream sends a heartbeat comment.'),
  STREAM_MAX_AGE_MS: milliseconds(1_000, 86_400_000)
    .default(3_600_000)
    .describe('Age at which a stream ends and the client resumes (± 10 %).'),
  STREAM_QUEUE_KB: z.coerce
    .number()
    .int()
    .min(64)
    .max(65_536)
    .default(1_024)
    .describe('Bytes one connection may have queued, in KiB.'),
  STREAMS_PER_ADDRESS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(64)
    .describe('Open streams of those who have not logged in, of one address (of IPv6: one /64 network).'),
  STREAMS_PER_USER: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(64)
    .describe('Open streams of one user.'),
  STREAMS_MAX: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(20_000)
    .describe('Open streams of one process.'),
  REPLAYS_PER_USER: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe(
      'Streams of one user that may catch up at once after a cut; the others wait. Unset: an eighth of `STREAMS_PER_USER`.',
    ),
  REPLAYS_MAX: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('The same for all streams of one process. Unset: a hundredth of `STREAMS_MAX`.'),
  DRAIN_MS: milliseconds(0, 120_000).default(3_000).describe('Time over which streams end on shutdown.'),
  SHUTDOWN_DELAY_MS: milliseconds(0, 120_000)
    .default(3_000)
    .describe(
      'Time for which a node of a fleet goes on as before after SIGTERM, but for 503 at `/readyz`: for proxies to notice that, and to trust again in the node that was restarted before it.',
    ),
  RING_EVENTS: z.coerce
    .number()
    .int()
    .min(10)
    .max(10_000_000)
    .default(100_000)
    .describe('Events the market ring keeps for resume.'),
  RING_MB: z.coerce
    .number()
    .int()
    .min(1)
    .max(16_384)
    .default(64)
    .describe('Size of the market ring, in MiB.'),
  PORTFOLIO_RING_EVENTS: z.coerce
    .number()
    .int()
    .min(10)
    .max(100_000)
    .default(500)
    .describe('Events a portfolio ring keeps for resume.'),
  RING_AGE_S: z.coerce
    .number()
    .int()
    .min(10)
    .max(604_800)
    .default(86_400)
    .describe('Age up to which rings keep events, in seconds.'),
  CANDLE_RETENTION_DAYS: z.coerce
    .number()
    .int()
    .min(0)
    .max(36_500)
    .default(0)
    .describe(
      'Days for which one-minute candles are kept; older UTC days are kept as one candle each. `0`: all are kept.',
    ),
  CACHE_MB: z.coerce
    .number()
    .int()
    .min(0)
    .max(16_384)
    .default(32)
    .describe(
      'Memory of this process for kept answers, in MiB. `0`: no answer is kept, in Redis neither; who asks while it is made still shares it.',
    ),
  CACHE_PRICES_S: keptFor(60).describe(
    'How long a list of tickers is kept, in seconds, if no price in it moves.',
  ),
  CACHE_SUMMARY_S: keptFor(60).describe('How long figures of a portfolio are kept, if nothing moves them.'),
  CACHE_STATISTICS_S: keptFor(15).describe(
    'How long performance and statistics are kept; they go on to the moment they were made.',
  ),
  CACHE_CANDLES_S: keptFor(60).describe('How long a page of candles is kept, if no trade moves it.'),
  HOLDINGS_INTERVAL_MS: milliseconds(10, 60_000)
    .default(1_000)
    .describe('Shortest time between two holdings events of a portfolio.'),
  PNL_INTERVAL_MS: milliseconds(10, 60_000)
    .default(250)
    .describe('Shortest time between two PnL events of a portfolio.'),
});

export type Environment = z.output<typeof ENVIRONMENT>;

/** The validated configuration; the rules that span variables are already applied. */
export type Config = Omit<Environment, 'DEMO' | 'REPLAYS_PER_USER' | 'REPLAYS_MAX'> & {
  DEMO: boolean;
  REPLAYS_PER_USER: number;
  REPLAYS_MAX: number;
};

/** All that is wrong with the environment, one line a variable. */
export class ConfigError extends Error {
  readonly lines: string[];
  constructor(lines: string[]) {
    super(`The environment is not usable:\n${lines.map((line) => `  ${line}`).join('\n')}`);
    this.name = 'ConfigError';
    this.lines = lines;
  }
}

/** Values never shown, not even when they are wrong. */
const SECRET = /PASSWORD|SECRET|METRICS_TOKEN|_URL$/;

/**
 * Reads the environment once. A blank variable counts as unset.
 * @param checks what only the upper floors can judge, by variable: throws a RangeError that says what is wrong
 * @throws ConfigError naming every bad variable
 */
export function readConfig(
  env: Record<string, string | undefined>,
  checks: Partial<Record<keyof Environment, (text: string) => void>> = {},
): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = ENVIRONMENT.safeParse(given);
  const lines = parsed.success
    ? []
    : parsed.error.issues.map((issue) => {
        const name = String(issue.path[0]);
        const shown = SECRET.test(name) ? '' : ` (it is ${JSON.stringify(given[name])})`;
        return `${name}: ${issue.message}${shown}`;
      });
  for (const [name, check] of Object.entries(checks)) {
    try {
      const text = given[name];
      if (text !== undefined) check(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      lines.push(`${name}: ${error.message}`);
    }
  }
  // Told along with the rest, so that nobody mends one variable only to be shown the next.
  if (given['DATABASE_URL'] !== undefined && given['JWT_SECRET'] === undefined) {
    lines.push('JWT_SECRET: is required with DATABASE_URL, since all nodes must share it');
  }
  if (given['JWT_PUBLIC_KEY_FILES'] !== undefined && given['JWT_PRIVATE_KEY_FILE'] === undefined) {
    lines.push('JWT_PRIVATE_KEY_FILE: is required with JWT_PUBLIC_KEY_FILES');
  }
  if (!parsed.success || lines.length > 0) throw new ConfigError(lines);
  const { DEMO, DATABASE_URL, HOST, TRUST_PROXY } = parsed.data;
  const isPrivate = DATABASE_URL === undefined && isLoopback(HOST) && TRUST_PROXY === 0;
  const { REPLAYS_PER_USER, REPLAYS_MAX, STREAMS_PER_USER, STREAMS_MAX } = parsed.data;
  return {
    ...parsed.data,
    DEMO: DEMO ?? isPrivate,
    REPLAYS_PER_USER: REPLAYS_PER_USER ?? Math.ceil(STREAMS_PER_USER / 8),
    REPLAYS_MAX: REPLAYS_MAX ?? Math.ceil(STREAMS_MAX / 100),
  };
}
