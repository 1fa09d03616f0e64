/** What is kept of who did what to accounts and access. */
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
  'access-denied',
  'rate-limited',
] as const;
export type AuditType = (typeof AUDIT_TYPES)[number];

/** Never a secret, nor what somebody typed: a password ends up in the wrong field sooner or later. */
export interface AuditDraft {
  type: AuditType;
  /** Who did it; `null`: nobody we know. */
  actorId: string | null;
  /** The user it was done to. */
  userId: string | null;
  details?: Record<string, string | null | readonly string[]>;
}

/** The request it came with. */
export interface AuditOrigin {
  ip: string;
  requestId: string;
}
