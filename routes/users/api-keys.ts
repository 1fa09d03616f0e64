import { z } from 'zod';
import {
  type ApiKey,
  createApiKey as insertApiKey,
  deleteApiKey as removeApiKey,
  listApiKeys as selectApiKeys,
} from '../../db/users/api-keys.ts';
import { recordAudit } from '../../db/users/audit.ts';
import { apiKeyPrefix, hashApiKey, newApiKey } from '../../lib/tokens/api-key.ts';
import { KEY_SCOPES, SCOPES } from '../../lib/tokens/caller.ts';
import { isIpRange } from '../../lib/limits/ip-range.ts';
import { problem } from '../../lib/problem.ts';
import { publishControl } from '../../streams/fleet/authority.ts';
import { originOf } from '../http/audit-trail.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';

const timeOrNull = z.union([field.timestamp, z.null()]);

const apiKey = z
  .object({
    id: field.id.describe('Id of the key.'),
    name: z.string().describe('What the key is for, as its owner describes it.'),
    prefix: z
      .string()
      .meta({ example: 'mt_Zk5q0aYx', description: 'The beginning of the key, to recognise it by.' }),
    scopes: z.array(z.enum(SCOPES)).describe('What the key allows; never more than its owner may do.'),
    allowedIps: z
      .array(z.string())
      .describe('The addresses and CIDR ranges that it may be used from; empty: anywhere.'),
    createdAt: field.createdAt,
    expiresAt: timeOrNull.describe('When it expires; `null`: never.'),
    lastUsedAt: timeOrNull.describe('When it was last used, to the minute; `null`: never.'),
    requestsPerMinute: z
      .union([z.int(), z.null()])
      .describe('Its own limit; `null` if only `RATE_LIMIT_API_KEY` applies.'),
  })
  .meta({ id: 'ApiKey', description: 'An API key, without the secret itself.' });

function timeOf(time: number | null): string | null {
  return time === null ? null : field.isoTime(time);
}

function keyBody(key: ApiKey): z.input<typeof apiKey> {
  const { id, name, prefix, scopes, allowedIps, requestsPerMinute } = key;
  return {
    id,
    name,
    prefix,
    scopes,
    allowedIps,
    requestsPerMinute,
    createdAt: field.isoTime(key.createdAt),
    expiresAt: timeOf(key.expiresAt),
    lastUsedAt: timeOf(key.lastUsedAt),
  };
}

export const listApiKeys = endpoint({
  method: 'get',
  path: '/v1/api-keys',
  id: 'listApiKeys',
  tag: 'users',
  summary: "The caller's API keys",
  access: 'account',
  credential: 'person',
  query: z.strictObject({ limit: field.limit, cursor: field.cursor }),
  status: 200,
  response: field
    .listOf(apiKey)
    .meta({ id: 'ApiKeyList', description: "One page of the caller's API keys." }),
  problems: ['invalid-request', 'invalid-cursor'],
  async handler({ query, caller }, { db }) {
    const page = await selectApiKeys(db, caller.userId, query);
    return { items: page.items.map(keyBody), nextCursor: page.nextCursor };
  },
});

export const createApiKey = endpoint({
  method: 'post',
  path: '/v1/api-keys',
  id: 'createApiKey',
  tag: 'users',
  summary: 'Create an API key, to be sent as `X-API-Key`',
  description:
    'For programs. A key can do what its scopes allow, and never more than its owner at that moment. It stops working while the owner is disabled. No scope lets a key manage users, passwords, keys, shares or sessions, end streams or delete portfolios: those need a person. Only this answer contains the key itself.',
  access: 'account',
  credential: 'person',
  body: z
    .strictObject({
      name: field.text(100).meta({ example: 'Trading bot', description: 'What the key is for.' }),
      scopes: z.array(z.enum(KEY_SCOPES)).min(1).max(KEY_SCOPES.length).meta({
        description:
          'What the key allows. `read`: everything its owner can see, including streams. `trades:write`: trades, transfers and imports; also creating portfolios and changing their settings. `market:write`: ticks and candles. `admin`: listing users, the audit log, rate limits, metrics and the streams of all users; it changes nothing.',
      }),
      expiresAt: field.instant
        .optional()
        .describe(`When it expires; never if omitted. ${field.INSTANT_FORM}`),
      allowedIps: z
        .array(
          z
            .string()
            .max(50)
            .refine(isIpRange, 'must be an IP address or a CIDR range')
            .meta({ example: '203.0.113.0/24' }),
        )
        .max(20)
        .default([])
        .describe('The addresses and CIDR ranges that it may be used from; anywhere if omitted.'),
      requestsPerMinute: z
        .int()
        .min(1)
        .max(10_000_000)
        .optional()
        .describe('Its own limit, in addition to `RATE_LIMIT_API_KEY`.'),
    })
    .meta({ id: 'ApiKeyInput', description: 'An API key to create.' }),
  status: 201,
  response: apiKey
    .extend({
      key: z.string().describe('The secret. Only this answer contains it: the server stores a hash.'),
    })
    .meta({ id: 'NewApiKey', description: 'A new API key with its secret.' }),
  examples: {
    request: { name: 'Trading bot', scopes: ['read', 'trades:write'], allowedIps: ['203.0.113.7'] },
  },
  problems: ['invalid-request', 'quota-exceeded'],
  async handler({ body, caller, ctx }, { db, clock, config }) {
    const { name, expiresAt = null, allowedIps, requestsPerMinute = null } = body;
    const scopes = SCOPES.filter((scope) => (body.scopes as readonly string[]).includes(scope));
    const beyond = scopes.filter((scope) => !caller.scopes.includes(scope));
    if (beyond.length > 0) {
      throw problem('forbidden', {
        detail: `You do not have the scope ${beyond.join(', ')} yourself. Leave it out of \`scopes\`.`,
      });
    }
    if (expiresAt !== null && expiresAt <= clock.now()) {
      const errors = [{ pointer: '/expiresAt', detail: 'must be in the future' }];
      throw problem('invalid-request', { errors });
    }
    const key = newApiKey();
    const prefix = apiKeyPrefix(key);
    const hash = hashApiKey(key) ?? '';
    const { userId } = caller;
    const made = await db.transaction(async (trx) => {
      const row = await insertApiKey(
        trx,
        { userId, name, prefix, hash, scopes, allowedIps, expiresAt, requestsPerMinute },
        { clock, limit: config.API_KEYS_PER_USER },
      );
      const details = { keyId: row.id, prefix, scopes };
      const draft = { type: 'api-key-created', actorId: userId, userId, details } as const;
      await recordAudit(trx, draft, originOf(ctx), { clock });
      return row;
    });
    return { ...keyBody(made), key };
  },
});

export const deleteApiKey = endpoint({
  method: 'delete',
  path: '/v1/api-keys/:keyId',
  id: 'deleteApiKey',
  tag: 'users',
  summary: 'Revoke an API key at once, on every node, and end its streams',
  description: "One of the caller's own; administrators may use anyone's.",
  access: 'account',
  credential: 'person',
  params: z.strictObject({ keyId: field.id.describe('Id of the API key.') }),
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller, ctx }, { db, clock, broker }) {
    const { keyId } = params;
    const owner = caller.scopes.includes('admin') ? null : caller.userId;
    const removed = await db.transaction(async (trx) => {
      const key = await removeApiKey(trx, keyId, owner);
      if (key === null) return false;
      const details = { keyId, prefix: key.prefix };
      const draft = { type: 'api-key-revoked', actorId: caller.userId, userId: key.userId, details } as const;
      await recordAudit(trx, draft, originOf(ctx), { clock });
      return true;
    });
    if (!removed) throw problem('not-found', { detail: 'There is no such API key.' });
    await publishControl(broker, { type: 'session-revoked', sessionId: keyId });
  },
});

export const apiKeyEndpoints = [listApiKeys, createApiKey, deleteApiKey];
