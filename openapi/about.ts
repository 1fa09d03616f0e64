import type { Endpoint } from '../routes/http/endpoint.ts';

/** What applies to the whole API, for people. */
export const ABOUT = {
  title: 'Marktide',
  license: { name: 'MIT', identifier: 'MIT' },
  description: `Takes in market ticks and fills; serves an exact ledger and live PnL over REST and resumable event streams.

**Values.** Decimals are strings, never numbers, so no digit is lost. Times are ISO 8601 in UTC with milliseconds; input may have any offset, or be epoch seconds or milliseconds. Unknown figures are \`null\`, and \`warnings\` says why. Bodies and queries are strict: an unknown field is rejected, and named in the problem.

**Lists** are \`{"items": […], "nextCursor": "…" | null}\`: pass \`nextCursor\` as \`?cursor=\`, with the rest of the query unchanged.

**Reads** have an \`ETag\`: with \`If-None-Match\` the answer is 304 while nothing has changed. Every path that answers GET also answers HEAD, and OPTIONS lists the methods of any path.

**Problems** are \`application/problem+json\` (RFC 9457). \`type\` is stable; \`errors\` names each wrong field; \`requestId\` is the \`X-Request-Id\` of the response. Another user's resource is a 404, as if it did not exist.

**Credentials.** A person logs in (\`POST /v1/auth/login\`) and sends the access token as \`Authorization: Bearer …\`; programs send an \`X-API-Key\`. The security requirements of an operation name the scope it needs and the credentials it accepts. Where \`apiKey\` is not among them, a person has to log in: a key never manages users, passwords, keys, shares or sessions, never ends streams and never deletes a portfolio, whatever its scopes.

**Limits.** A URL has at most 8,000 bytes (else 414), and at most 16 KiB together with the headers of its request (else 431). Many channels go into a subscription (\`POST /v1/streams/subscriptions\`), whose id is short. The schema of a batch limits its number of items, and \`BODY_LIMIT_KB\` the size of its body (else 413): entries with long notes need smaller batches.

**Streams** (\`GET /v1/streams\`) are Server-Sent Events or NDJSON; \`/v1/ws\` has the same channels over WebSocket. \`/asyncapi.json\` describes each event and message.`,
};

/** The groups of operations. */
export const TAGS: Record<Endpoint['tag'], string> = {
  auth: "Logging in and out, tokens, and the caller's own account.",
  users: 'Users, API keys and the audit log.',
  portfolios: 'Portfolios and their shares.',
  accounts: 'Accounts at exchanges that fill a portfolio automatically.',
  trades: 'Fills: the entries of the ledger that buy and sell.',
  entries:
    'The whole ledger: trades and transfers, and every other kind of entry (rewards, fees, rebates, adjustments, conversions, transfers between accounts of a portfolio).',
  transfers: 'Deposits, withdrawals and income.',
  pnl: 'Holdings, PnL and performance: figures computed from the ledger and the market.',
  market: 'Symbols, tickers, candles and ticks.',
  streams: 'Events as they happen, and the connections that carry them.',
  service: 'Health, metrics and documents of this process.',
};
