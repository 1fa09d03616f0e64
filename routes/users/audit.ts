import type { Context } from 'koa';
import { z } from 'zod';
import { listAudit as selectAudit, recordAudit } from '../../db/users/audit.ts';
import { AUDIT_TYPES, type AuditDraft, type AuditOrigin } from '../../lib/audit-event.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import type { Services } from '../http/handler-services.ts';

export function originOf(ctx: Context): AuditOrigin {
  const requestId: unknown = ctx.state['requestId'];
  return { ip: ctx.ip, requestId: typeof requestId === 'string' ? requestId : '' };
}

/**
 * Writes what has happened already and cannot be taken back, or was refused. A log that cannot be written must not keep
 * anybody from logging out: it is told to the operator instead.
 */
export async function noteAudit(ctx: Context, services: Services, draft: AuditDraft): Promise<void> {
  const { db, clock, logger } = services;
  try {
    await recordAudit(db, draft, originOf(ctx), { clock });
  } catch (error) {
    logger.error({ err: error, audit: draft }, 'the audit log could not be written');
  }
}

/** Of one user at one door: who knocks all day must not push everything else out of the log. */
const DENIALS = { name: 'denied', seconds: 900 };

/** Somebody tried what is only for administrators. Noted once a quarter of an hour for a user and an endpoint. */
export async function noteDenied(
  ctx: Context,
  services: Services,
  denial: { actorId: string; userId: string; endpoint: string },
): Promise<void> {
  const { actorId, userId, endpoint: id } = denial;
  if (!(await services.limits.isFirst(DENIALS, `${actorId} ${id}`))) return;
  await noteAudit(ctx, services, { type: 'access-denied', actorId, userId, details: { endpoint: id } });
}

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
