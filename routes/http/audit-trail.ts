import type { Context } from 'koa';
import { recordAudit } from '../../db/users/audit.ts';
import type { AuditDraft, AuditOrigin } from '../../lib/audit-event.ts';
import type { Services } from './handler-services.ts';

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
