import { z } from 'zod';
import { isLoopback } from '../http/host-name.ts';
import { ACCOUNT_VARIABLES } from './account-variables.ts';
import { CACHE_VARIABLES } from './cache-variables.ts';
import { DATABASE_VARIABLES } from './database-variables.ts';
import { EXCHANGE_VARIABLES } from './exchange-variables.ts';
import { LIMIT_VARIABLES } from './limit-variables.ts';
import { MARKET_VARIABLES } from './market-variables.ts';
import { OBSERVABILITY_VARIABLES } from './observability-variables.ts';
import { REDIS_VARIABLES } from './redis-variables.ts';
import { SERVER_VARIABLES } from './server-variables.ts';
import { STREAM_VARIABLES } from './stream-variables.ts';

/** Every variable the process reads, with its default. The README's table is made from the descriptions. */
export const ENVIRONMENT = z.object({
  ...SERVER_VARIABLES,
  ...OBSERVABILITY_VARIABLES,
  ...DATABASE_VARIABLES,
  ...REDIS_VARIABLES,
  ...MARKET_VARIABLES,
  ...ACCOUNT_VARIABLES,
  ...EXCHANGE_VARIABLES,
  ...LIMIT_VARIABLES,
  ...STREAM_VARIABLES,
  ...CACHE_VARIABLES,
});

export type Environment = z.output<typeof ENVIRONMENT>;

/** The validated configuration; the rules that span variables are already applied. */
export type Config = Omit<Environment, 'DEMO' | 'REPLAYS_PER_USER' | 'REPLAYS_MAX'> & {
  DEMO: boolean;
  REPLAYS_PER_USER: number;
  REPLAYS_MAX: number;
};

/** Everything that is wrong with the environment, one line per variable. */
export class ConfigError extends Error {
  readonly lines: string[];
  constructor(lines: string[]) {
    super(`The environment is not usable:\n${lines.map((line) => `  ${line}`).join('\n')}`);
    this.name = 'ConfigError';
    this.lines = lines;
  }
}

/** Values that are never shown, not even if they are wrong. */
const SECRET = /PASSWORD|SECRET|METRICS_TOKEN|_URLS?$/;

/**
 * Reads the environment once. A blank variable counts as unset.
 * @param checks by variable, for what only the upper floors can judge: each throws a RangeError that says what is wrong
 * @throws ConfigError naming every bad variable
 */
export function readConfig(
  env: Record<string, string | undefined>,
  checks: Partial<Record<keyof Environment, (text: string) => void>> = {},
): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = ENVIRONMENT.safeParse(given);
  const lines = parsed.success
    ? []
    : parsed.error.issues.map((issue) => {
        const name = String(issue.path[0]);
        const shown = SECRET.test(name) ? '' : ` (it is ${JSON.stringify(given[name])})`;
        return `${name}: ${issue.message}${shown}`;
      });
  for (const [name, check] of Object.entries(checks)) {
    try {
      const text = given[name];
      if (text !== undefined) check(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      lines.push(`${name}: ${error.message}`);
    }
  }
  // Reported with the rest, so that fixing one variable does not just reveal the next.
  if (given['DATABASE_URL'] !== undefined && given['JWT_SECRET'] === undefined) {
    lines.push('JWT_SECRET: is required with DATABASE_URL, since all nodes must share it');
  }
  if (given['JWT_PUBLIC_KEY_FILES'] !== undefined && given['JWT_PRIVATE_KEY_FILE'] === undefined) {
    lines.push('JWT_PRIVATE_KEY_FILE: is required with JWT_PUBLIC_KEY_FILES');
  }
  if (!parsed.success || lines.length > 0) throw new ConfigError(lines);
  const { DEMO, DATABASE_URL, HOST, TRUST_PROXY } = parsed.data;
  const isPrivate = DATABASE_URL === undefined && isLoopback(HOST) && TRUST_PROXY === 0;
  const { REPLAYS_PER_USER, REPLAYS_MAX, STREAMS_PER_USER, STREAMS_MAX } = parsed.data;
  return {
    ...parsed.data,
    DEMO: DEMO ?? isPrivate,
    REPLAYS_PER_USER: REPLAYS_PER_USER ?? Math.ceil(STREAMS_PER_USER / 8),
    REPLAYS_MAX: REPLAYS_MAX ?? Math.ceil(STREAMS_MAX / 100),
  };
}
