import { StartError } from '../start-error.ts';

type Argon2 = typeof import('@node-rs/argon2');
let loaded: Promise<Argon2> | undefined;

/**
 * Loads what hashes passwords. Its binary is an optional package, which `npm ci --omit=optional` leaves out.
 * @throws StartError without it
 */
export function loadArgon2(): Promise<Argon2> {
  loaded ??= import('@node-rs/argon2').catch((cause: unknown) => {
    throw new StartError(
      'The binary of @node-rs/argon2 for this machine is missing: install again without --omit=optional.',
      { cause },
    );
  });
  return loaded;
}

/** OWASP's minimum for argon2id: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export async function hashPassword(password: string): Promise<string> {
  const { hash } = await loadArgon2();
  return await hash(password, COST);
}

/** The length that a new password must have. */
export const PASSWORD_LENGTH = { min: 8, max: 200 };

/** What is wrong with a new password apart from its length; `null` if nothing is. */
export function passwordFault(password: string, email: string): string | null {
  const isEmail = password.trim().toLowerCase() === email.trim().toLowerCase();
  return isEmail ? 'must not be the e-mail address' : null;
}

/** The hash of an unknown password, checked for unknown users so that both cases take equally long. */
const NOBODY =
  '$argon2id$v=19$m=19456,t=2,p=1$0h1cGiWFXexy7mzoeZsB2Q$VDEwVCjDM9HdCJxCVkSyZt11x7EYFKvRmGkgl4p+8dA';

/** @returns false also for an unknown user (`stored` null), after the same work */
export async function checkPassword(
  stored: string | null,
  password: string,
  compare?: (hash: string, password: string) => Promise<boolean>,
): Promise<boolean> {
  const check = compare ?? (await loadArgon2()).verify;
  const matches = await check(stored ?? NOBODY, password).catch(() => false);
  return matches && stored !== null;
}
