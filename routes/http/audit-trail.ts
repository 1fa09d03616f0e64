import type { Context } from 'koa';
import { recordAudit } from '../../db/users/audit.ts';
import type { AuditDraft, AuditOrigin } from '../../lib/audit-event.ts';
import type { Services } from './handler-services.ts';

export function originOf(ctx: Context): AuditOrigin {
  const requestId: unknown = ctx.state['requestId'];
  return { ip: ctx.ip, requestId: typeof requestId === 'string' ? requestId : '' };
}

/**
 * Records what has happened or was refused. If the audit log cannot be written, the request still succeeds (logging out
 * must always work), and the operator's log says so.
 */
export async function noteAudit(ctx: Context, services: Services, draft: AuditDraft): Promise<void> {
  const { db, clock, logger } = services;
  try {
    await recordAudit(db, draft, originOf(ctx), { clock });
  } catch (error) {
    logger.error({ err: error, audit: draft }, 'the audit log could not be written');
  }
}

/** One event for each user and endpoint, so that repeated attempts do not crowd everything else out of the log. */
const DENIALS = { name: 'denied', seconds: 900 };

/** A user tried an endpoint for administrators. Recorded once per quarter of an hour, user and endpoint. */
export async function noteDenied(
  ctx: Context,
  services: Services,
  denial: { actorId: string; userId: string; endpoint: string },
): Promise<void> {
  const { actorId, userId, endpoint: id } = denial;
  if (!(await services.limits.isFirst(DENIALS, `${actorId} ${id}`))) return;
  await noteAudit(ctx, services, { type: 'access-denied', actorId, userId, details: { endpoint: id } });
}
