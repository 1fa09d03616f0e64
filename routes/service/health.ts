import { z } from 'zod';
import { databaseHealth } from '../../db/connection/database-health.ts';
import type { Market } from '../../streams/market/market.ts';
import type { MarketWriter } from '../../streams/market/writer/market-writer.ts';
import { PROBLEMS, problem } from '../../lib/problem.ts';
import { endpoint, Reply } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';

const feedStatus = z
  .object({
    feed: z.string().describe('Its short name, as in tickers and notices.'),
    exchange: z
      .union([z.string(), z.null()])
      .describe('The exchange that its prices come from; `null`: none, or not known.'),
    isHere: z.boolean().describe('Whether this node runs it.'),
    state: z
      .enum(['starting', 'running', 'retrying', 'silent', 'ended', 'standby'])
      .describe(
        '`retrying`: its source cannot be reached. `silent`: no tick has come for 60 seconds or 20 times its usual interval, whichever is longer. `standby`: another node runs it. `ended`: it has finished, or none is configured.',
      ),
    since: field.timestamp.describe('When it entered this state.'),
    silentSince: z
      .union([field.timestamp, z.null()])
      .describe(
        'Since when there have been no prices, if it is silent or has been failing for 10 seconds; `null` otherwise.',
      ),
    detail: z.union([z.string(), z.null()]).describe('What is wrong; `null` if nothing is.'),
    lastTickAt: z
      .union([field.timestamp, z.null()])
      .describe('When the newest tick arrived; `null` if none has.'),
    ticks: z.int().describe('Ticks that this process took from it.'),
  })
  .meta({ id: 'FeedStatus', description: 'A market feed.' });

const feedList = z.array(feedStatus).describe('The feeds of this node and of the fleet, wherever they run.');

const timeOf = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());

/** The feeds of this node as it sees them; those of other nodes as reported in the market log. */
function feedBodies(market: Market, writer: MarketWriter): z.output<typeof feedList> {
  const own = writer.statuses();
  const isHere = writer.runsFeeds;
  const names = new Set([...own, ...market.feeds.all()].map(({ feed }) => feed));
  return [...names].flatMap((feed) => {
    const mine = own.find((status) => status.feed === feed);
    const known = market.feeds.get(feed);
    const shown = isHere ? (mine ?? known) : (known ?? mine);
    if (shown === undefined || shown === null) return [];
    const { state, since, detail, silentSince } = shown;
    return {
      feed,
      exchange: known?.exchange ?? null,
      isHere: isHere && mine !== undefined,
      state,
      since: new Date(since).toISOString(),
      silentSince: timeOf(silentSince),
      detail,
      lastTickAt: timeOf(market.feeds.lastTickAt(feed)),
      ticks: mine?.ticks ?? 0,
    };
  });
}

/** The login of the demo user. It is no secret: the user exists only if `DEMO` is on. */
export const DEMO_LOGIN = { email: 'demo@marktide.local', password: 'demo-marktide' };

export const healthz = endpoint({
  method: 'get',
  path: '/healthz',
  id: 'health',
  tag: 'service',
  summary: 'The process is alive',
  access: 'public',
  keep: 'never',
  limit: 'none',
  status: 200,
  response: z
    .object({
      status: z.literal('ok').describe('The process is alive.'),
      uptime: z.number().describe('Seconds since the process started.'),
      feeds: feedList,
      demo: z
        .union([
          z
            .object({
              email: z.string().describe('E-mail address to log in with.'),
              password: z.string().describe('Password to log in with.'),
            })
            .meta({ id: 'DemoLogin', description: 'The login of the demo user.' }),
          z.null(),
        ])
        .describe('The login of the demo user; `null`: there is none.'),
    })
    .meta({ id: 'Health', description: 'What the process is doing.' }),
  handler(_input, { market, marketWriter, config }) {
    return Promise.resolve({
      status: 'ok' as const,
      uptime: Math.round(process.uptime()),
      feeds: feedBodies(market, marketWriter),
      demo: config.DEMO ? DEMO_LOGIN : null,
    });
  },
});

const check = z.object({
  ready: z.boolean().describe('Whether this part can serve.'),
  detail: z.union([z.string(), z.null()]).describe('What is wrong; `null` if nothing is.'),
});
const roundTrip = check.extend({
  roundTripMs: z
    .union([z.number(), z.null()])
    .describe('Milliseconds that the last round trip took; `null` before the first.'),
});

export const readyz = endpoint({
  method: 'get',
  path: '/readyz',
  id: 'ready',
  tag: 'service',
  summary:
    'Whether the process can serve: its database answers, and events and figures come back through the broker',
  access: 'public',
  keep: 'never',
  limit: 'none',
  status: 200,
  otherStatuses: [{ status: 503, description: 'Not ready; the body says what is missing.' }],
  response: z
    .object({
      ready: z.boolean().describe('Whether all parts are ready.'),
      database: check.describe('Whether the database answers.'),
      broker: roundTrip.meta({
        description: 'An event is published every second and must come back as it does for any stream.',
      }),
      projection: roundTrip.meta({
        description:
          'Every three seconds the figures of a test portfolio are published and read, once a stream has been opened.',
      }),
      streams: check.meta({
        description:
          'Streams that never became ready, and watched portfolios that are not published. `ready` is false only if that is most of them.',
      }),
      node: check.meta({ description: 'Not ready while the node is shutting down.' }),
      feeds: feedList.meta({
        description:
          'The market feeds, wherever they run. They do not affect `ready`: another node would have the same prices.',
      }),
    })
    .meta({ id: 'Readiness', description: 'Whether the process can serve, part by part.' }),
  async handler(_input, { db, readiness, market, marketWriter }) {
    const { broker, projection, streams } = readiness.health();
    const answer = await databaseHealth(db);
    const { isLeaving, databaseFault } = readiness;
    const database = databaseFault === null ? answer : { ...answer, ready: false, detail: databaseFault };
    const node = { ready: !isLeaving, detail: isLeaving ? 'this node is shutting down' : null };
    const checks = { database, broker, projection, streams, node };
    const ready = Object.values(checks).every((each) => each.ready);
    const feeds = feedBodies(market, marketWriter);
    return new Reply({ ready, ...checks, feeds }, { status: ready ? 200 : 503 });
  },
});

/** The target of a problem's `type`, for people who open it in a browser. */
export const problemType = endpoint({
  method: 'get',
  path: '/problems/:slug',
  id: 'problemType',
  tag: 'service',
  summary: 'What a problem type means',
  access: 'public',
  keep: { seconds: 3_600 },
  params: z.strictObject({ slug: z.string().describe('The last part of the `type` of a problem.') }),
  status: 200,
  response: z
    .object({
      type: z.string().describe('The `type` of such problems.'),
      status: z.int().describe('The HTTP status of such problems.'),
      title: z.string().describe('What such problems mean.'),
    })
    .meta({ id: 'ProblemType', description: 'A type of problem.' }),
  handler({ params }) {
    const entry = Object.entries(PROBLEMS).find(([slug]) => slug === params.slug);
    if (entry === undefined) throw problem('not-found');
    const [slug, [status, title]] = entry;
    return Promise.resolve({ type: `/problems/${slug}`, status, title });
  },
});

export const healthEndpoints = [healthz, readyz, problemType];
