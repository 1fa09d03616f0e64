import { createHash, randomBytes } from 'node:crypto';

const KEY = /^mt_[A-Za-z0-9_-]{43}$/;
/** `mt_` and 8 of 43 characters: enough to tell keys apart, and 208 unknown bits are left. */
const PREFIX_LENGTH = 11;

/** 256 random bits behind a mark by which secret scanners know it. */
export function newApiKey(): string {
  return `mt_${randomBytes(32).toString('base64url')}`;
}

/** What may be shown of a key. */
export function apiKeyPrefix(key: string): string {
  return key.slice(0, PREFIX_LENGTH);
}

/** What is stored of a key: it cannot be guessed, so a plain hash is enough. `null` for what cannot be a key. */
export function hashApiKey(key: string): string | null {
  return KEY.test(key) ? createHash('sha256').update(key).digest('base64url') : null;
}
