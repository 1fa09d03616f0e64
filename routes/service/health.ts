import { z } from 'zod';
import { databaseHealth } from '../../db/connection/database-health.ts';
import { PROBLEMS, problem } from '../../lib/problem.ts';
import { endpoint, Reply } from '../http/endpoint.ts';

const feedStatus = z.object({
  feed: z.string(),
  state: z.string(),
  detail: z.union([z.string(), z.null()]),
  lastTickAt: z.union([z.string(), z.null()]),
  ticks: z.int(),
});

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
  response: z.object({
    status: z.literal('ok'),
    uptime: z.number().meta({ description: 'Seconds.' }),
    feed: feedStatus,
    demo: z.union([z.object({ email: z.string(), password: z.string() }), z.null()]),
  }),
  handler(_input, { marketWriter, config }) {
    const status = marketWriter.status();
    return Promise.resolve({
      status: 'ok' as const,
      uptime: Math.round(process.uptime()),
      feed: {
        ...status,
        lastTickAt: status.lastTickAt === null ? null : new Date(status.lastTickAt).toISOString(),
      },
      demo: config.DEMO ? DEMO_LOGIN : null,
    });
  },
});

const check = z.object({
  ready: z.boolean(),
  detail: z.union([z.string(), z.null()]).meta({ description: 'What is wrong.' }),
});
const roundTrip = check.extend({
  roundTripMs: z
    .union([z.number(), z.null()])
    .meta({ description: 'Milliseconds that the last one took; `null` before the first.' }),
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
  response: z.object({
    ready: z.boolean(),
    database: check,
    broker: roundTrip.meta({
      description: 'An event is published every second and must come back as it does for any stream.',
    }),
    projection: roundTrip.meta({
      description:
        'Every few seconds the figures of a portfolio that does not exist are published and read, from the first subscription on.',
    }),
    streams: check.meta({
      description:
        'Streams that never became ready, and watched portfolios that are not published. `ready` is false when that is most of them; a few are only told.',
    }),
    node: check.meta({ description: 'Not ready while it shuts down.' }),
  }),
  async handler(_input, { db, readiness }) {
    const { broker, projection, streams } = readiness.health();
    const database = await databaseHealth(db);
    const { isLeaving } = readiness;
    const node = { ready: !isLeaving, detail: isLeaving ? 'this node is shutting down' : null };
    const checks = { database, broker, projection, streams, node };
    const ready = Object.values(checks).every((each) => each.ready);
    return new Reply({ ready, ...checks }, { status: ready ? 200 : 503 });
  },
});

/** Where the `type` of a problem leads: what it means, for the person who pasted it into a browser. */
export const problemType = endpoint({
  method: 'get',
  path: '/problems/:slug',
  id: 'problemType',
  tag: 'service',
  summary: 'What a problem type means',
  access: 'public',
  keep: { seconds: 3_600 },
  params: z.strictObject({ slug: z.string() }),
  status: 200,
  response: z.object({ type: z.string(), status: z.int(), title: z.string() }),
  handler({ params }) {
    const entry = Object.entries(PROBLEMS).find(([slug]) => slug === params.slug);
    if (entry === undefined) throw problem('not-found');
    const [slug, [status, title]] = entry;
    return Promise.resolve({ type: `/problems/${slug}`, status, title });
  },
});

export const healthEndpoints = [healthz, readyz, problemType];
