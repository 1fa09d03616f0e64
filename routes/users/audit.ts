import { z } from 'zod';
import { listAudit as selectAudit } from '../../db/users/audit.ts';
import { AUDIT_TYPES } from '../../lib/audit-event.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';

const idOrNull = z.union([field.id, z.null()]);

const event = z
  .object({
    id: field.id,
    time: field.timestamp,
    type: z.enum(AUDIT_TYPES),
    actorId: idOrNull.meta({ description: 'Who did it; `null`: nobody known.' }),
    userId: idOrNull.meta({ description: 'The user it was done to.' }),
    ip: z.string(),
    requestId: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.null(), z.array(z.string())])),
  })
  .meta({ id: 'AuditEvent' });

export const listAudit = endpoint({
  method: 'get',
  path: '/v1/admin/audit',
  id: 'listAudit',
  tag: 'users',
  summary: 'Security events, newest first',
  description:
    'Kept for `AUDIT_DAYS` and up to `AUDIT_ROWS` events; of `access-denied` one a quarter of an hour for a user and an endpoint. Holds no secrets; of an e-mail address that is no user’s only a keyed hash.',
  access: 'admin',
  query: z.strictObject({
    type: z.enum(AUDIT_TYPES).optional(),
    userId: field.id.optional().meta({ description: 'Done by or to this user.' }),
    limit: field.limit,
    cursor: z.string().max(500).optional(),
  }),
  status: 200,
  response: field.listOf(event),
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
