import { integer } from './variable.ts';

const perMinute = (requests: number) => integer(0, 10_000_000).default(requests);
const quota = (limit: number, max = 1_000_000) => integer(1, max).default(limit);

/** Rate limits, and quotas of users and portfolios. */
export const LIMIT_VARIABLES = {
  RATE_LIMIT_ADDRESS: perMinute(6_000).describe(
    'Requests per minute from one address (IPv6: one /64 network) to one process, counted before the credential is looked at. `0`, here and below: no limit.',
  ),
  RATE_LIMIT_USER: perMinute(3_000).describe('Requests per minute of one user, over all sessions.'),
  RATE_LIMIT_API_KEY: perMinute(3_000).describe(
    'Requests per minute of one API key; a key can be created with a lower limit.',
  ),
  RATE_LIMIT_STREAM: perMinute(300).describe(
    'Streams opened per minute by one user, or from one address where no log-in is needed.',
  ),
  RATE_LIMIT_LOGIN: perMinute(300).describe(
    'Log-ins, registrations and refreshes per minute from one address.',
  ),
  RATE_LIMIT_LOGIN_FAILURES: integer(0, 100_000)
    .default(10)
    .describe(
      'Failed log-ins in 15 minutes to one account from one address. Ten times as many are allowed from one address to all accounts, and to one account from all addresses.',
    ),
  PORTFOLIOS_PER_USER: quota(100).describe('Maximum number of portfolios of one user.'),
  SHARES_PER_USER: quota(200).describe(
    'Maximum number of shares of one user: each pair of a portfolio and a user counts, open invitations included.',
  ),
  SESSIONS_PER_USER: quota(100).describe(
    'Maximum number of sessions of one user: another log-in ends the one that was used least recently.',
  ),
  API_KEYS_PER_USER: quota(50).describe('Maximum number of API keys of one user.'),
  TAGS_PER_ENTRY: quota(20, 100).describe('Maximum number of tags of one trade or transfer.'),
  TAGS_PER_PORTFOLIO: quota(1_000).describe('Maximum number of different tags in one portfolio.'),
  ASSETS_PER_PORTFOLIO: quota(1_000, 10_000).describe(
    'Maximum number of different assets in the ledger of one portfolio. Each adds to the cost of every figure.',
  ),
  ACCOUNTS_PER_PORTFOLIO: quota(20, 1_000).describe(
    'Maximum number of accounts at exchanges that fill one portfolio.',
  ),
  UPLOADS_PER_USER: quota(4, 1_000).describe(
    'Files of trades that one user may upload to one process at the same time.',
  ),
  UPLOADS_MAX: quota(32, 10_000).describe(
    'Files of trades that all users together may upload to one process at the same time.',
  ),
  IMPORT_LIMIT_MB: integer(1, 1_024)
    .default(64)
    .describe('Maximum size of an imported CSV file of trades, in MiB.'),
  IMPORT_ROWS: integer(1, 10_000_000)
    .default(250_000)
    .describe('Maximum number of rows of a CSV file of trades, including empty ones.'),
};
