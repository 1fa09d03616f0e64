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

const check = z.object({ ready: z.boolean(), detail: z.union([z.string(), z.null()]) });

export const readyz = endpoint({
  method: 'get',
  path: '/readyz',
  id: 'ready',
  tag: 'service',
  summary: 'The process can serve: its database answers and its canary comes back through the broker',
  access: 'public',
  keep: 'never',
  limit: 'none',
  status: 200,
  otherStatuses: [{ status: 503, description: 'Not ready; the body says what is missing.' }],
  response: z.object({
    ready: z.boolean(),
    database: check,
    broker: check.extend({ roundTripMs: z.union([z.number(), z.null()]) }),
    node: check,
  }),
  async handler(_input, { db, readiness }) {
    const broker = readiness.health();
    const database = await databaseHealth(db);
    const { isLeaving } = readiness;
    const node = { ready: !isLeaving, detail: isLeaving ? 'this node is shutting down' : null };
    const ready = broker.ready && database.ready && node.ready;
    return new Reply({ ready, database, broker, node }, { status: ready ? 200 : 503 });
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
