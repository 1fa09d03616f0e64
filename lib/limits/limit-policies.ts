import type { Config } from '../config/config.ts';
import type { Window } from './counters.ts';

/** How much of something one client may have in a window. */
export interface LimitPolicy extends Window {
  /** `0`: as much as it likes. */
  quota: number;
}

const MINUTE_S = 60;
const QUARTER_S = 900;
/** Beyond one account from one address: what whole offices mistype, or what a horde of addresses may try. */
const MANY = 10;

/** Every limit there is. What is counted by: see routes/middleware/limits.ts and routes/auth/login-attempts.ts. */
export function limitPolicies(config: Config) {
  const policy = (name: string, quota: number, seconds: number): LimitPolicy => ({ name, quota, seconds });
  const failures = config.RATE_LIMIT_LOGIN_FAILURES;
  return {
    /** Everything that comes from one address, before anybody looks at who asks. */
    address: policy('address', config.RATE_LIMIT_ADDRESS, MINUTE_S),
    user: policy('user', config.RATE_LIMIT_USER, MINUTE_S),
    'api-key': policy('api-key', config.RATE_LIMIT_API_KEY, MINUTE_S),
    /** Streams opened, by user; by address where nobody has logged in. */
    stream: policy('stream', config.RATE_LIMIT_STREAM, MINUTE_S),
    /** What checks a password or hands out tokens, by address. */
    login: policy('login', config.RATE_LIMIT_LOGIN, MINUTE_S),
    /** Failed log-ins: from one address, whoever's; of one account from one address; of one account from everywhere. */
    'login-address': policy('login-address', failures * MANY, QUARTER_S),
    'login-pair': policy('login-pair', failures, QUARTER_S),
    'login-account': policy('login-account', failures * MANY, QUARTER_S),
    /** The same from a browser that this account has logged in with before: nobody else can use it up. */
    'login-device': policy('login-device', failures, QUARTER_S),
  };
}

export type LimitPolicies = ReturnType<typeof limitPolicies>;
export type LimitName = keyof LimitPolicies;
