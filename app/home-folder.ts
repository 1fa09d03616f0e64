import { homedir } from 'node:os';

/**
 * A user without an entry in /etc/passwd, as systemd and containers make them up, has no home folder unless HOME names one.
 * A package that koa-jwt uses asks for it when it is loaded, and would end the program.
 */
export function ensureHome(env: NodeJS.ProcessEnv): void {
  try {
    homedir();
  } catch {
    env['HOME'] = '/';
  }
}
