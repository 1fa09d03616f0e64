/**
 * What a credential allows. `account`: managing one's own account, its password, keys, shares and streams; only a
 * log-in has it. `admin` lets a person manage users; an API key may only read them: see `credential` of an endpoint.
 */
export const SCOPES = ['read', 'trades:write', 'market:write', 'account', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export const ROLES = ['viewer', 'trader', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** The scopes a role comes with when a user logs in with a password. */
export const ROLE_SCOPES: Record<Role, readonly Scope[]> = {
  viewer: ['read', 'account'],
  trader: ['read', 'trades:write', 'account'],
  admin: ['read', 'trades:write', 'market:write', 'account', 'admin'],
};

/** The scopes that an API key can have: those of its owner's role, without `account`. */
export const KEY_SCOPES = [
  'read',
  'trades:write',
  'market:write',
  'admin',
] as const satisfies readonly Scope[];

/** The authenticated sender of a request. */
export interface Caller {
  userId: string;
  /** The session of a log-in, or the API key itself: revoking it revokes the credential. */
  sessionId: string;
  /** Set for an API key: its restrictions. */
  apiKey?: { allowedIps: readonly string[]; requestsPerMinute: number | undefined };
  role: Role;
  scopes: readonly Scope[];
  /** When the credential expires, epoch milliseconds: streams opened with it end then. */
  expiresAt: number;
}
