import { z } from 'zod';
import { endpoint } from '../http/endpoint.ts';

/** How long others may cache the set: publish a new key at least that long before it signs. */
const MAX_AGE_S = 300;

export const publicKeys = endpoint({
  method: 'get',
  path: '/.well-known/jwks.json',
  id: 'publicKeys',
  tag: 'auth',
  summary: 'The public keys of access tokens (RFC 7517)',
  description:
    'For services that verify these tokens themselves. Empty if they are signed with a shared secret.',
  access: 'public',
  keep: { seconds: MAX_AGE_S },
  status: 200,
  response: z
    .object({
      keys: z
        .array(z.record(z.string(), z.string()))
        .describe('JSON Web Keys (RFC 7517): the signing key, and earlier ones that may still verify.'),
    })
    .meta({ id: 'PublicKeys', description: 'A JWK set.' }),
  handler(_input, { tokenKeys }) {
    return Promise.resolve({ keys: tokenKeys.jwks.keys.map((key) => ({ ...key })) });
  },
});
