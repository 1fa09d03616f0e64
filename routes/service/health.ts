import { z } from 'zod';
import { databaseHealth } from '../../db/connection/database-health.ts';
import type { ShownFeedStatus } from '../../streams/market/tick.ts';
import { PROBLEMS, problem } from '../../lib/problem.ts';
import { endpoint, Reply } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';

const feedStatus = z
  .object({
    feed: z.string().describe('The feed of this node, as in `MARKET_FEED`.'),
    state: z
      .enum(['starting', 'running', 'retrying', 'silent', 'ended', 'standby'])
      .describe(
        '`retrying`: its source cannot be reached. `silent`: no tick has come for 60 seconds or 20 times its usual interval, whichever is longer. `standby`: another node runs it. `ended`: it is over, or none is configured.',
      ),
    since: field.timestamp.describe('When it entered this state, as this node saw it.'),
    detail: z.union([z.string(), z.null()]).describe('What is wrong with it; `null`: nothing.'),
    lastTickAt: z
      .union([field.timestamp, z.null()])
      .describe('When the newest tick arrived; `null`: none yet.'),
    ticks: z.int().describe('Ticks since the process started.'),
  })
  .meta({ id: 'FeedStatus', description: 'The market feed of this node.' });

function feedBody({ since, lastTickAt, ...status }: ShownFeedStatus): z.output<typeof feedStatus> {
  return {
    ...status,
    since: new Date(since).toISOString(),
    lastTickAt: lastTickAt === null ? null : new Date(lastTickAt).toISOString(),
  };
}

/** The login of the demo user; not a secret: it only exists where `DEMO` is on. */
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
      feed: feedStatus,
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
  handler(_input, { marketWriter, config }) {
    return Promise.resolve({
      status: 'ok' as const,
      uptime: Math.round(process.uptime()),
      feed: feedBody(marketWriter.status()),
      demo: config.DEMO ? DEMO_LOGIN : null,
    });
  },
});

const check = z.object({
  ready: z.boolean().describe('Whether this part is fit to serve.'),
  detail: z.union([z.string(), z.null()]).describe('What is wrong; `null`: nothing.'),
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
  summary: 'The process can serve: its database answers, and events and figures come back through the broker',
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
      feed: feedStatus.meta({
        description:
          'The market feed of this node. It does not decide on `ready`: another node would have the same prices.',
      }),
    })
    .meta({ id: 'Readiness', description: 'Whether the process can serve, part by part.' }),
  async handler(_input, { db, readiness, marketWriter }) {
    const { broker, projection, streams } = readiness.health();
    const database = await databaseHealth(db);
    const { isLeaving } = readiness;
    const node = { ready: !isLeaving, detail: isLeaving ? 'this node is shutting down' : null };
    const checks = { database, broker, projection, streams, node };
    const ready = Object.values(checks).every((each) => each.ready);
    const feed = feedBody(marketWriter.status());
    return new Reply({ ready, ...checks, feed }, { status: ready ? 200 : 503 });
  },
});

/** Where the `type` of a problem leads, for a person who opens it in a browser. */
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
