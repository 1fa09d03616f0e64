/**
 * What a credential allows. `account`: managing the own account, its password, keys, shares and streams; only a log-in
 * has it. `admin` lets a person manage users, and an API key only look at them: see `credential` of an endpoint.
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

/** What an API key may be given at most: what its owner's role has, without `account`. */
export const KEY_SCOPES = [
  'read',
  'trades:write',
  'market:write',
  'admin',
] as const satisfies readonly Scope[];

/** Who is asking, as proven by the request's credential. */
export interface Caller {
  userId: string;
  /** What the credential hangs on: the session of a login, or the API key itself. Revoking that ends all of it. */
  sessionId: string;
  /** Set when the credential is an API key, and how far it reaches. */
  apiKey?: { allowedIps: readonly string[]; requestsPerMinute: number | undefined };
  role: Role;
  scopes: readonly Scope[];
  /** When the credential ends, epoch milliseconds: a stream opened with it ends then. */
  expiresAt: number;
}
