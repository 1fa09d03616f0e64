import type { Config } from '../config/config.ts';
import type { Window } from './counters.ts';

/** How many uses one client has in a window. */
export interface LimitPolicy extends Window {
  /** `0`: no limit. */
  quota: number;
}

const MINUTE_S = 60;
const QUARTER_S = 900;
/** Factor for one address with many accounts (an office), and for one account from many addresses (a botnet). */
const MANY = 10;

/** All rate limits. For their keys see routes/middleware/limits.ts and routes/auth/login-attempts.ts. */
export function limitPolicies(config: Config) {
  const policy = (name: string, quota: number, seconds: number): LimitPolicy => ({ name, quota, seconds });
  const failures = config.RATE_LIMIT_LOGIN_FAILURES;
  return {
    /** All requests from one address, before authentication. */
    address: policy('address', config.RATE_LIMIT_ADDRESS, MINUTE_S),
    user: policy('user', config.RATE_LIMIT_USER, MINUTE_S),
    'api-key': policy('api-key', config.RATE_LIMIT_API_KEY, MINUTE_S),
    /** Streams opened, by user, or by address without a log-in. */
    stream: policy('stream', config.RATE_LIMIT_STREAM, MINUTE_S),
    /** Requests that check a password or issue tokens, by address. */
    login: policy('login', config.RATE_LIMIT_LOGIN, MINUTE_S),
    /**
     * Failed log-ins: from one address to all accounts; to one account from one address; to one account from
     * everywhere.
     */
    'login-address': policy('login-address', failures * MANY, QUARTER_S),
    'login-pair': policy('login-pair', failures, QUARTER_S),
    'login-account': policy('login-account', failures * MANY, QUARTER_S),
    /** The same for a browser that has logged in to this account before: no other client can use it up. */
    'login-device': policy('login-device', failures, QUARTER_S),
  };
}

export type LimitPolicies = ReturnType<typeof limitPolicies>;
export type LimitName = keyof LimitPolicies;
