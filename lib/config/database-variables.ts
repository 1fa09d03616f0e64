import { z } from 'zod';
import { integer, url } from './variable.ts';

/** How certificates are checked; `prefer`, `require` and `verify-ca` check as much as `verify-full`. */
const SSL_MODES = ['disable', 'no-verify', 'prefer', 'require', 'verify-ca', 'verify-full'];

function hasKnownSslMode(text: string): boolean {
  const mode = URL.canParse(text) ? new URL(text).searchParams.get('sslmode') : null;
  return mode === null || SSL_MODES.includes(mode);
}

/** Where everything is kept, and for how long. */
export const DATABASE_VARIABLES = {
  DATA_DIR: z
    .string()
    .min(1)
    .default('data')
    .describe('Folder for the embedded database and the generated secret.'),
  DATABASE_URL: url(['postgres:', 'postgresql:'])
    .refine(hasKnownSslMode, { message: `has an sslmode other than ${SSL_MODES.join(', ')}` })
    .optional()
    .describe('PostgreSQL instead of the embedded database.'),
  DATABASE_POOL: integer(1, 200).default(10).describe('Maximum number of connections to PostgreSQL.'),
  STATEMENT_TIMEOUT_MS: integer(1_000, 600_000)
    .default(20_000)
    .describe(
      'Time after which PostgreSQL cancels a statement of a request. Migrations, imports, exports, restatements and deletions get more time.',
    ),
  AUDIT_DAYS: integer(1, 36_500).default(365).describe('Maximum age of audit events, in days.'),
  AUDIT_ROWS: integer(100, 100_000_000)
    .default(200_000)
    .describe('Maximum number of audit events; the oldest are deleted first.'),
  CANDLE_RETENTION_DAYS: integer(0, 36_500)
    .default(0)
    .describe(
      'Days for which one-minute candles are kept; of older UTC days only the daily candle is kept. `0`: all are kept.',
    ),
};
