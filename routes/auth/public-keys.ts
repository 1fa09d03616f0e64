import { z } from 'zod';
import { endpoint } from '../http/endpoint.ts';

/** How long others may go on with what they have read: a new key should be published that long before it signs. */
const MAX_AGE_S = 300;

export const publicKeys = endpoint({
  method: 'get',
  path: '/.well-known/jwks.json',
  id: 'publicKeys',
  tag: 'auth',
  summary: 'The public keys of access tokens (RFC 7517)',
  description: 'For others who verify our tokens. Empty when they are signed with a shared secret.',
  access: 'public',
  keep: { seconds: MAX_AGE_S },
  status: 200,
  response: z.object({ keys: z.array(z.record(z.string(), z.string())) }).meta({ id: 'PublicKeys' }),
  handler(_input, { tokenKeys }) {
    return Promise.resolve({ keys: tokenKeys.jwks.keys.map((key) => ({ ...key })) });
  },
});
