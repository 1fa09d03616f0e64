import { z } from 'zod';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';

const count = z.int().min(0);

const policy = z
  .object({
    name: z.string().describe('Name of the limit, as in the `RateLimit-Policy` header.'),
    quota: count.describe('Uses allowed in a window; `0`: no limit.'),
    windowSeconds: count.describe('Length of a window, in seconds.'),
    allowed: count.describe('Uses allowed since the process started.'),
    limited: count.describe('Uses refused since the process started.'),
    topConsumers: z
      .array(
        z.object({
          client: z.string().meta({
            description:
              'An address or IPv6 network, the id of a user or API key, the keyed hash of an e-mail address that belongs to no user, or a pair of them.',
          }),
          requests: count.describe('A lower bound of their requests.'),
          limited: count.describe('How many of them were refused.'),
        }),
      )
      .describe('The heaviest users of the last five to ten minutes, heaviest first.'),
  })
  .meta({ id: 'RateLimitPolicy', description: 'A limit and its use.' });

export const listRateLimits = endpoint({
  method: 'get',
  path: '/v1/admin/rate-limits',
  id: 'listRateLimits',
  tag: 'service',
  summary: 'Every rate limit: how often it was hit, and who uses it most',
  description:
    'As seen by the node that answers; sum `marktide_rate_limit_requests_total` over all nodes for the whole fleet. The audit log has `rate-limited` once for each client and window.',
  access: 'admin',
  keep: 'never',
  query: z.strictObject({
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(100)
      .default(10)
      .describe('The most consumers to list for each limit.'),
  }),
  status: 200,
  response: z
    .object({
      time: field.timestamp.describe('When the report was made.'),
      node: z.string().meta({
        description:
          'The node that answers; it has a new id after each start. All counts are those of this node.',
      }),
      scope: z.enum(['process', 'fleet', 'node']).meta({
        description:
          'Who shares the counts. `process`: there is no other node. `fleet`: all nodes. `node`: each node counts for itself while Redis does not answer. The policy `address` is always counted by each process for itself.',
      }),
      policies: z.array(policy).describe('Every limit.'),
    })
    .meta({ id: 'RateLimits', description: 'The use of every limit.' }),
  problems: ['invalid-request'],
  handler({ query }, { limits, clock, nodeId }) {
    const policies = limits
      .report(query.limit)
      .map(({ policy: { name, quota, seconds }, allowed, limited, consumers }) => ({
        name,
        quota,
        windowSeconds: seconds,
        allowed,
        limited,
        topConsumers: consumers.map(({ key, ...counts }) => ({ client: key, ...counts })),
      }));
    return Promise.resolve({ time: field.isoTime(clock.now()), node: nodeId, scope: limits.scope, policies });
  },
});
