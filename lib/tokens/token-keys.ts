import { createHash, createHmac, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { ConfigError } from '../config/config.ts';
import { FORBIDDEN, readGuarded } from '../process/private-files.ts';

export type TokenAlgorithm = 'HS256' | 'RS256' | 'ES256' | 'EdDSA';

/** A key and the only algorithm it is used with: a token cannot choose another one for it. */
export interface TokenKey {
  /** In the header of a token: names the key that signed it. */
  kid: string;
  algorithm: TokenAlgorithm;
  key: KeyObject;
}

/** A public key as others read it (RFC 7517). */
export type PublicJwk = Record<string, string>;

/** The key that signs access tokens, and all keys that may have signed tokens that are still valid. */
export interface TokenKeys {
  signing: TokenKey;
  verifying: readonly TokenKey[];
  /** The public keys; empty for a shared secret. */
  jwks: { keys: PublicJwk[] };
}

const MIN_RSA_BITS = 2_048;

/** One shared secret, which signs and verifies. */
export function secretKeys(secret: KeyObject): TokenKeys {
  const kid = createHmac('sha256', secret).update('kid').digest('base64url').slice(0, 16);
  const signing = { kid, algorithm: 'HS256', key: secret } as const;
  return { signing, verifying: [signing], jwks: { keys: [] } };
}

/** RFC 7638: the same key has the same id on every node, whatever the name of its file. */
function thumbprint(jwk: PublicJwk): string {
  const members = ['crv', 'e', 'kty', 'n', 'x', 'y'].filter((member) => jwk[member] !== undefined);
  const canonical = JSON.stringify(Object.fromEntries(members.map((member) => [member, jwk[member]])));
  return createHash('sha256').update(canonical).digest('base64url');
}

function algorithmOf(key: KeyObject): TokenAlgorithm {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') {
    if (modulusLength < MIN_RSA_BITS) throw new Error(`an RSA key needs at least ${MIN_RSA_BITS} bits`);
    return 'RS256';
  }
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ES256';
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA';
  throw new Error('it must be Ed25519 (EdDSA), RSA (RS256) or on the curve P-256 (ES256)');
}

interface LoadedKey extends TokenKey {
  jwk: PublicJwk;
}

/** `key`: private or public. @throws Error that says what is wrong with it */
function tokenKeyOf(key: KeyObject): LoadedKey {
  const algorithm = algorithmOf(key);
  const jwk = publicPart(key).export({ format: 'jwk' }) as PublicJwk;
  const kid = thumbprint(jwk);
  return { kid, algorithm, key, jwk: { ...jwk, kid, alg: algorithm, use: 'sig' } };
}

function publicPart(key: KeyObject): KeyObject {
  return key.type === 'private' ? createPublicKey(key) : key;
}

interface KeyFile {
  variable: string;
  path: string;
  /** Mode bits that the file must not have. */
  forbidden: number;
}

async function readKey(
  { variable, path, forbidden }: KeyFile,
  parse: (pem: string) => KeyObject,
): Promise<LoadedKey> {
  try {
    return tokenKeyOf(parse(await readGuarded(path, forbidden)));
  } catch (error) {
    // Without any part of the file, which may be a private key.
    const reason = error instanceof Error && !('opensslErrorStack' in error) ? error.message : 'no such key';
    throw new ConfigError([`${variable}: ${path} is not usable: ${reason}`]);
  }
}

/** Reads the PEM of a public key. A private key among the public ones is a mistake that must be reported. */
function publicKey(pem: string): KeyObject {
  if (pem.includes('PRIVATE KEY')) throw new Error('it holds a private key');
  return createPublicKey(pem);
}

/**
 * The keys of access tokens: those of the files, or the secret when no file is named.
 *
 * To rotate keys without a log-out: add the new public key on every node; then sign with the new private key and keep
 * the old public key; remove that once the last token it signed has expired.
 * @throws ConfigError naming the file that is not usable
 */
export async function loadTokenKeys(
  {
    privateKeyFile,
    publicKeyFiles,
  }: { privateKeyFile: string | undefined; publicKeyFiles: readonly string[] },
  secret: KeyObject,
): Promise<TokenKeys> {
  if (privateKeyFile === undefined) return secretKeys(secret);
  const signing = await readKey(
    { variable: 'JWT_PRIVATE_KEY_FILE', path: privateKeyFile, forbidden: FORBIDDEN.secret },
    createPrivateKey,
  );
  const own: LoadedKey = { ...signing, key: publicPart(signing.key) };
  const byId = new Map([[own.kid, own]]);
  for (const path of publicKeyFiles) {
    // A user who can change it can sign tokens.
    const file = { variable: 'JWT_PUBLIC_KEY_FILES', path, forbidden: FORBIDDEN.trusted };
    const other = await readKey(file, publicKey);
    byId.set(other.kid, other);
  }
  const verifying = [...byId.values()];
  return { signing, verifying, jwks: { keys: verifying.map(({ jwk }) => jwk) } };
}
