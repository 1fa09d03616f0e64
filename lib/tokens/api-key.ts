import { createHash, randomBytes } from 'node:crypto';

const KEY = /^mt_[A-Za-z0-9_-]{43}$/;
/** `mt_` and 8 of 43 characters: enough to distinguish keys, and 208 bits stay secret. */
const PREFIX_LENGTH = 11;

/** 256 random bits after a prefix that secret scanners recognise. */
export function newApiKey(): string {
  return `mt_${randomBytes(32).toString('base64url')}`;
}

/** The part of a key that may be shown. */
export function apiKeyPrefix(key: string): string {
  return key.slice(0, PREFIX_LENGTH);
}

/** The hash that is stored: a key cannot be guessed, so a plain hash is enough. `null` if it cannot be a key. */
export function hashApiKey(key: string): string | null {
  return KEY.test(key) ? createHash('sha256').update(key).digest('base64url') : null;
}
