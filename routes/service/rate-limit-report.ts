import { z } from 'zod';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';

const count = z.int().min(0);

const policy = z
  .object({
    name: z.string(),
    quota: count.meta({ description: '`0`: no limit.' }),
    windowSeconds: count,
    allowed: count.meta({ description: 'Uses since this process started.' }),
    limited: count.meta({ description: 'Refused since this process started.' }),
    topConsumers: z
      .array(
        z.object({
          client: z.string().meta({
            description:
              'An address or IPv6 network, the id of a user or API key, the keyed hash of an e-mail address that is no user’s, or a pair of these.',
          }),
          requests: count.meta({ description: 'A lower bound.' }),
          limited: count,
        }),
      )
      .meta({ description: 'Of the last five to ten minutes, the heaviest first.' }),
  })
  .meta({ id: 'RateLimitPolicy' });

export const listRateLimits = endpoint({
  method: 'get',
  path: '/v1/admin/rate-limits',
  id: 'listRateLimits',
  tag: 'service',
  summary: 'Every limit: how often it was hit, and who uses most of it',
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
      .meta({ description: 'Consumers of each policy.' }),
  }),
  status: 200,
  response: z
    .object({
      time: field.timestamp,
      node: z.string().meta({
        description: 'The node that answers; a new id at each start. All figures are its own.',
      }),
      scope: z.enum(['process', 'fleet', 'node']).meta({
        description:
          'Who counts together: `process`, there is no other node; `fleet`, all nodes; `node`, each node for itself, while Redis does not answer. Each process always counts the policy `address` for itself.',
      }),
      policies: z.array(policy),
    })
    .meta({ id: 'RateLimits' }),
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
