import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * Proves that a browser has logged in to an account before. It grants nothing; it only gives the browser its own limit.
 */
export function newDeviceToken(secret: KeyObject, userId: string): string {
  const id = randomBytes(12).toString('base64url');
  return `${id}.${proofOf(secret, userId, id)}`;
}

/** @returns the device's id; `null` for anything but a device token of this account */
export function deviceOf(secret: KeyObject, userId: string, token: string | undefined): string | null {
  const [id = '', proof = '', ...rest] = (token ?? '').split('.');
  if (id === '' || rest.length > 0) return null;
  const [given, expected] = [Buffer.from(proof), Buffer.from(proofOf(secret, userId, id))];
  return given.length === expected.length && timingSafeEqual(given, expected) ? id : null;
}

function proofOf(secret: KeyObject, userId: string, id: string): string {
  return createHmac('sha256', secret).update(`device ${userId} ${id}`).digest('base64url');
}
