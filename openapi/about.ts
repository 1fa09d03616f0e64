import type { Endpoint } from '../routes/http/endpoint.ts';

/** What applies to the whole API, for people. */
export const ABOUT = {
  title: 'Marktide',
  license: { name: 'MIT', identifier: 'MIT' },
  description: `Market ticks and fills in; an exact ledger and live PnL out, over REST and event streams that resume.

**Values.** Decimals are strings, never numbers: no digit is lost. Times are ISO 8601 in UTC with milliseconds; input may have any offset, or be epoch seconds or milliseconds. What cannot be known is \`null\`, and \`warnings\` says why. Bodies and queries are strict: an unknown field is refused by name.

**Lists** are \`{"items": […], "nextCursor": "…" | null}\`: pass \`nextCursor\` as \`?cursor=\`, with the rest of the query unchanged.

**Reads** have an \`ETag\`: with \`If-None-Match\` the answer is 304 while nothing has changed. Every path that answers GET also answers HEAD, and OPTIONS lists the methods of any path.

**Problems** are \`application/problem+json\` (RFC 9457). \`type\` is stable; \`errors\` names each wrong field; \`requestId\` is the \`X-Request-Id\` of the response. Another user's resource is a 404, as if it did not exist.

**Credentials.** A person logs in (\`POST /v1/auth/login\`) and sends the access token as \`Authorization: Bearer …\`; programs send an \`X-API-Key\`. The security requirements of an operation name the scope that it needs and the credentials that it takes. Where \`apiKey\` is not among them, a person has to log in: a key never manages users, passwords, keys, shares or sessions, never ends streams and never deletes a portfolio, whatever its scopes.

**Limits.** A URL has at most 8,000 bytes (else 414), and at most 16 KiB together with the headers of its request (else 431). Many channels go into a subscription (\`POST /v1/streams/subscriptions\`), whose id is short. A batch holds the items that its schema says, in a body of at most \`BODY_LIMIT_KB\` (else 413): entries with long notes go into smaller batches.

**Streams** (\`GET /v1/streams\`) are Server-Sent Events or NDJSON; \`/v1/ws\` has the same channels over WebSocket. \`/asyncapi.json\` describes their events and messages one by one.`,
};

/** The groups of operations. */
export const TAGS: Record<Endpoint['tag'], string> = {
  auth: "Logging in and out, tokens, and the caller's own account.",
  users: 'Accounts, API keys and the audit log.',
  portfolios: 'Portfolios and their shares.',
  trades: 'Fills: the entries of the ledger that buy and sell.',
  entries:
    'The whole ledger: trades and transfers, and every other kind of entry (rewards, fees, rebates, adjustments, conversions, transfers between places of a portfolio).',
  transfers: 'Deposits, withdrawals and income.',
  pnl: 'Holdings, PnL and performance: figures computed from the ledger and the market.',
  market: 'Symbols, tickers, candles and ticks.',
  streams: 'Events as they happen, and the connections that carry them.',
  service: 'Health, metrics and documents of this process.',
};
