import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { endpoint, Reply } from '../http/endpoint.ts';

/** Compares in constant time. */
function isSame(given: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}

export const metrics = endpoint({
  method: 'get',
  path: '/metrics',
  id: 'metrics',
  tag: 'service',
  summary: 'Metrics of this process, for Prometheus',
  description:
    'For administrators; with `Authorization: Bearer <METRICS_TOKEN>` if that variable is set; for anyone if `PUBLIC_METRICS=true`.',
  access: 'admin',
  keep: 'never',
  alsoOpenTo: (ctx, { config }) =>
    config.PUBLIC_METRICS ||
    (config.METRICS_TOKEN !== undefined &&
      isSame(ctx.get('Authorization'), `Bearer ${config.METRICS_TOKEN}`)),
  produces: 'text',
  status: 200,
  response: z.string().meta({ id: 'Metrics', description: 'Metrics in the text format of Prometheus.' }),
  async handler(_input, { metrics: registry }) {
    return new Reply(await registry.metrics(), {
      headers: { 'Content-Type': registry.contentType },
    });
  },
});
