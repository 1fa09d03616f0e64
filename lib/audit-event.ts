/** The kinds of events in the audit log: changes of accounts and access. */
export const AUDIT_TYPES = [
  'login',
  'login-failed',
  'refresh-reused',
  'logout',
  'logout-everywhere',
  'password-changed',
  'user-created',
  'user-deleted',
  'role-changed',
  'user-disabled',
  'user-enabled',
  'api-key-created',
  'api-key-revoked',
  'share-granted',
  'share-accepted',
  'share-revoked',
  'account-connected',
  'account-key-changed',
  'account-disconnected',
  'access-denied',
  'rate-limited',
] as const;
export type AuditType = (typeof AUDIT_TYPES)[number];

/** Contains no secrets and nothing that a user typed: sooner or later, someone types a password into the wrong field. */
export interface AuditDraft {
  type: AuditType;
  /** The user who did it; `null` if not known. */
  actorId: string | null;
  /** The user it was done to. */
  userId: string | null;
  details?: Record<string, string | null | readonly string[]>;
}

/** The request that caused it. */
export interface AuditOrigin {
  ip: string;
  requestId: string;
}
