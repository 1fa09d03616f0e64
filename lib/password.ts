import { hash, verify } from '@node-rs/argon2';

/** OWASP's minimum for argon2id: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export function hashPassword(password: string): Promise<string> {
  return hash(password, COST);
}

/** A hash nobody knows the password of: checked when there is no such user, so that both cases take as long. */
const NOBODY =
  '$argon2id$v=19$m=19456,t=2,p=1$0h1cGiWFXexy7mzoeZsB2Q$VDEwVCjDM9HdCJxCVkSyZt11x7EYFKvRmGkgl4p+8dA';

/** @returns false also for an unknown user (`stored` null), after the same work */
export async function checkPassword(stored: string | null, password: string): Promise<boolean> {
  const matches = await verify(stored ?? NOBODY, password).catch(() => false);
  return matches && stored !== null;
}
