import { existsSync } from 'node:fs';

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

/**
 * A command that ends with this process, also when that is killed and can clean up nothing: Linux sends it the signal
 * then. Where that cannot be asked for, the command as it is.
 */
export function withParent(
  signal: 'QUIT' | 'TERM',
  program: string,
  args: readonly string[],
): [program: string, args: string[]] {
  return SETPRIV === undefined
    ? [program, [...args]]
    : [SETPRIV, ['--pdeathsig', signal, '--', program, ...args]];
}
