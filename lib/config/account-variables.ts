import { z } from 'zod';
import { flag, integer, list } from './variable.ts';

/** Users, passwords and tokens. */
export const ACCOUNT_VARIABLES = {
  ADMIN_EMAIL: z
    .email()
    .default('admin@marktide.local')
    .describe('E-mail address of the first administrator.'),
  ADMIN_PASSWORD: z
    .string()
    .min(8)
    .max(200)
    .optional()
    .describe('Password of the first administrator. Unset: one is generated and printed once.'),
  DEMO: flag
    .optional()
    .describe(
      'A demo user, with a well-known password, and a portfolio with funds and trades. Default: `true` without `DATABASE_URL` on a loopback `HOST` without a proxy, otherwise `false`. `false` disables an existing demo user and keeps its portfolios.',
    ),
  REGISTRATION: z
    .enum(['open', 'closed'])
    .default('closed')
    .describe('`open`: anyone may register as a trader; `closed`: only administrators create users.'),
  JWT_SECRET: z
    .string()
    .min(32, 'must have at least 32 characters')
    .optional()
    .describe(
      'Secret that signs access tokens. Required with `DATABASE_URL`; otherwise generated and kept in `DATA_DIR`.',
    ),
  JWT_PRIVATE_KEY_FILE: z
    .string()
    .optional()
    .describe(
      'PEM file of the key that signs access tokens: Ed25519 (EdDSA), RSA (RS256) or P-256 (ES256). Nobody but its owner and group may have read access. Unset: tokens are signed with `JWT_SECRET` (HS256).',
    ),
  JWT_PUBLIC_KEY_FILES: list
    .default([])
    .describe('PEM files of more public keys that verify access tokens, comma-separated, for key rotation.'),
  ACCESS_TOKEN_TTL: integer(1, 86_400).default(900).describe('Lifetime of an access token, in seconds.'),
  STREAM_TOKEN_TTL: integer(1, 86_400)
    .default(900)
    .describe('Lifetime of a stream token (`?token=` of a stream), in seconds.'),
  REFRESH_TOKEN_TTL: integer(60, 31_536_000)
    .default(2_592_000)
    .describe('Lifetime of a refresh token, in seconds.'),
  SESSION_MAX_DAYS: integer(1, 3_650)
    .default(90)
    .describe('Maximum age of a session, in days; refreshing does not extend it.'),
};
