import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import type { Logger } from '../logging/log.ts';
import { keptSecret } from './kept-secret.ts';

const CIPHER = 'aes-256-gcm';
const VERSION = 1;
/** Bytes of the version, of the key's name, of the nonce and of the tag. */
const NAME_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NAME_BYTES;

/** What was encrypted cannot be decrypted: by none of these keys, or it was changed. */
export class SealError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SealError';
  }
}

interface Key {
  name: Buffer;
  bytes: Buffer;
}

function keyOf(secret: string): Key {
  const bytes = Buffer.from(hkdfSync('sha256', secret, '', 'marktide secrets', 32));
  // Of the derived key, which tells nothing of the secret.
  return { bytes, name: createHash('sha256').update(bytes).digest().subarray(0, NAME_BYTES) };
}

/**
 * Encrypts what has to be read again, such as the API keys of exchange accounts: AES-256-GCM under a key derived from a
 * secret, with a random nonce. What it belongs to is authenticated along, so it cannot be put in another's place.
 */
export class SecretsKey {
  readonly #current: Key;
  readonly #keys: readonly Key[];

  /** @param previous secrets that still decrypt */
  constructor(secret: string, previous: readonly string[] = []) {
    this.#current = keyOf(secret);
    this.#keys = [this.#current, ...previous.map(keyOf)];
  }

  /** @param owner id of what it belongs to */
  seal(owner: string, text: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#current.bytes, nonce).setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), this.#current.name, nonce, sealed, cipher.getAuthTag()]);
  }

  /** @throws SealError */
  open(owner: string, sealed: Uint8Array): string {
    const bytes = Buffer.from(sealed);
    const key = this.#keys.find(({ name }) => name.equals(bytes.subarray(1, HEAD_BYTES)));
    if (bytes[0] !== VERSION || bytes.length < HEAD_BYTES + NONCE_BYTES + TAG_BYTES || key === undefined)
      throw new SealError('it was encrypted under another key');
    const nonce = bytes.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES);
    try {
      const decipher = createDecipheriv(CIPHER, key.bytes, nonce)
        .setAAD(Buffer.from(owner))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      const text = bytes.subarray(HEAD_BYTES + NONCE_BYTES, -TAG_BYTES);
      return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
    } catch {
      throw new SealError('it was changed, or belongs to something else');
    }
  }

  /** Whether it was encrypted under the current key. */
  isCurrent(sealed: Uint8Array): boolean {
    return this.#current.name.equals(Buffer.from(sealed).subarray(1, HEAD_BYTES));
  }
}

/**
 * The key of the configuration, or one that is generated once and kept in the data folder.
 * @returns `null` if there is none: the nodes of a fleet have to be given the same one
 */
export async function loadSecretsKey(
  {
    secret,
    previous,
    isShared,
  }: { secret: string | undefined; previous: string | undefined; isShared: boolean },
  dataDir: string,
  log: Logger,
): Promise<SecretsKey | null> {
  const others = previous === undefined ? [] : [previous];
  if (secret !== undefined) return new SecretsKey(secret, others);
  if (isShared) return null;
  return new SecretsKey(await keptSecret(dataDir, 'secrets-key', log), others);
}
