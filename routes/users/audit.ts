import { z } from 'zod';
import { listAudit as selectAudit } from '../../db/users/audit.ts';
import { AUDIT_TYPES } from '../../lib/audit-event.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';

const idOrNull = z.union([field.id, z.null()]);

const event = z
  .object({
    id: field.id.describe('Id of the event.'),
    time: field.timestamp.describe('When it happened.'),
    type: z.enum(AUDIT_TYPES).describe('What happened.'),
    actorId: idOrNull.describe('The user who did it; `null` if unknown.'),
    userId: idOrNull.describe('The user it was done to; `null` if unknown.'),
    ip: z.string().describe('Address that the request came from.'),
    requestId: z.string().describe('The `X-Request-Id` of the request; also in the log.'),
    details: z
      .record(z.string(), z.union([z.string(), z.null(), z.array(z.string())]))
      .describe('Further details, by name; the names depend on `type`. Never a secret.'),
  })
  .meta({ id: 'AuditEvent', description: 'A security event.' });

export const listAudit = endpoint({
  method: 'get',
  path: '/v1/admin/audit',
  id: 'listAudit',
  tag: 'users',
  summary: 'Security events, newest first',
  description:
    'Events are kept for `AUDIT_DAYS`, at most `AUDIT_ROWS` of them. `access-denied` is recorded once a quarter of an hour for each user and endpoint. The log contains no secrets, and of e-mail addresses that belong to no user only a keyed hash.',
  access: 'admin',
  query: z.strictObject({
    type: z.enum(AUDIT_TYPES).optional().describe('Only events of this type; all if omitted.'),
    userId: field.id.optional().describe('Only events done by or to this user; all if omitted.'),
    limit: field.limit,
    cursor: field.cursor,
  }),
  status: 200,
  response: field
    .listOf(event)
    .meta({ id: 'AuditEventList', description: 'One page of the security events, newest first.' }),
  problems: ['invalid-request', 'invalid-cursor'],
  async handler({ query }, { db }) {
    const page = await selectAudit(db, query);
    const items = page.items.map(({ time, ...rest }) => ({
      ...rest,
      time: field.isoTime(time),
      details: Object.fromEntries(
        Object.entries(rest.details).map(([key, value]) => [key, Array.isArray(value) ? [...value] : value]),
      ) as Record<string, string | null | string[]>,
    }));
    return { items, nextCursor: page.nextCursor };
  },
});
