import { z } from 'zod';
import { PASSWORD_LENGTH, passwordFault } from '../../lib/tokens/password.ts';
import { problem } from '../../lib/problem.ts';

/** Rules for a new password; an existing one is only compared. */
export const newPassword = z
  .string()
  .min(PASSWORD_LENGTH.min)
  .max(PASSWORD_LENGTH.max)
  .meta({ format: 'password', description: 'The new password; it must not be the e-mail address.' });

/** @throws the 400 that names the field */
export function assertPassword(password: string, email: string, pointer: string): void {
  const detail = passwordFault(password, email);
  if (detail !== null) throw problem('invalid-request', { errors: [{ pointer, detail }] });
}
