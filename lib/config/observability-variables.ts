import { z } from 'zod';
import { flag } from './variable.ts';

/** Logs and metrics. */
export const OBSERVABILITY_VARIABLES = {
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Lowest level of messages that are logged.'),
  PUBLIC_METRICS: flag.default(false).describe('`true`: `/metrics` needs no credential.'),
  METRICS_TOKEN: z
    .string()
    .min(16, 'must have at least 16 characters')
    .max(200)
    .optional()
    .describe('Bearer token that may read `/metrics`, for Prometheus; administrators may anyway.'),
};
