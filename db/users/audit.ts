import type { AuditDraft, AuditOrigin, AuditType } from '../../lib/audit-event.ts';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { decodeCursor, encodeCursor } from '../connection/page-cursor.ts';
import type { Database } from '../connection/database.ts';
import { pageOf, type Page, type PageQuery } from '../connection/list-page.ts';

export interface AuditEvent extends Required<AuditDraft>, AuditOrigin {
  id: string;
  /** Epoch milliseconds. */
  time: number;
}

interface AuditRow {
  id: string;
  time: number;
  type: AuditType;
  actor_id: string | null;
  user_id: string | null;
  ip: string;
  request_id: string;
  details: Required<AuditDraft>['details'];
}

/** In a transaction, the event is committed or rolled back with the change that it records. */
export async function recordAudit(
  db: Database,
  { type, actorId, userId, details = {} }: AuditDraft,
  { ip, requestId }: AuditOrigin,
  { clock }: { clock: Clock },
): Promise<void> {
  await db('audit_events').insert({
    id: newId(clock),
    time: new Date(clock.now()),
    type,
    actor_id: actorId,
    user_id: userId,
    ip: ip.slice(0, 64),
    request_id: requestId.slice(0, 64),
    details: JSON.stringify(details),
  });
}

export interface AuditFilter extends PageQuery {
  type?: AuditType | undefined;
  /** Events caused by or affecting this user. */
  userId?: string | undefined;
}

/** Newest first. */
export async function listAudit(
  db: Database,
  { type, userId, limit, cursor }: AuditFilter,
): Promise<Page<AuditEvent>> {
  const query = db('audit_events')
    .orderBy('id', 'desc')
    .limit(limit + 1);
  if (type !== undefined) void query.where({ type });
  if (userId !== undefined) {
    void query.where((either) => either.where({ user_id: userId }).orWhere({ actor_id: userId }));
  }
  if (cursor) void query.where('id', '<', decodeCursor(cursor, ['uuid'])[0]);
  const rows: AuditRow[] = await query.select('*');
  const events = rows.map((row): AuditEvent => ({
    id: row.id,
    time: row.time,
    type: row.type,
    actorId: row.actor_id,
    userId: row.user_id,
    ip: row.ip,
    requestId: row.request_id,
    details: row.details,
  }));
  return pageOf(events, limit, (last) => encodeCursor([last.id]));
}

/**
 * Deletes events older than a time, and the oldest ones beyond a number.
 * @returns how many
 */
export async function trimAudit(
  db: Database,
  { before, rows }: { before: number; rows: number },
): Promise<number> {
  const old = await db('audit_events').where('time', '<', new Date(before)).delete();
  const newestTooMany: { id: string } | undefined = await db('audit_events')
    .orderBy('id', 'desc')
    .offset(rows)
    .first('id');
  if (newestTooMany === undefined) return old;
  return old + (await db('audit_events').where('id', '<=', newestTooMany.id).delete());
}
