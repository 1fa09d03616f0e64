/** What a credential allows. */
export const SCOPES = ['read', 'trades:write', 'market:write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export const ROLES = ['viewer', 'trader', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** The scopes a role comes with when a user logs in with a password. */
export const ROLE_SCOPES: Record<Role, readonly Scope[]> = {
  viewer: ['read'],
  trader: ['read', 'trades:write'],
  admin: ['read', 'trades:write', 'market:write', 'admin'],
};

/** Who is asking, as proven by the request's credential. */
export interface Caller {
  userId: string;
  sessionId: string;
  role: Role;
  scopes: readonly Scope[];
  /** When the credential ends, epoch milliseconds: a stream opened with it ends then. */
  expiresAt: number;
}
