import { z } from 'zod';
import { problem } from '../../lib/problem.ts';
import { signStreamToken } from '../../lib/tokens/stream-token.ts';
import { endpoint } from '../http/endpoint.ts';

export const streamToken = endpoint({
  method: 'post',
  path: '/v1/auth/stream-token',
  id: 'createStreamToken',
  tag: 'auth',
  summary: 'Create a token to open streams with, for clients that cannot send headers',
  description:
    'Goes into the URL of an `EventSource` or a WebSocket as `?token=`. It opens the read streams of its user and nothing else. A stream it opened does not end with the token but with the session (log-out, revocation, expiry), or at its maximum age. An `EventSource` may reconnect with its URL as long as the session lives, also after `expiresIn`: its `Last-Event-ID` proves that it had read the stream. Without that, an expired token is refused with 401; ask for a new one and pass the last id as `?lastEventId=`.',
  access: 'read',
  status: 200,
  response: z
    .object({
      token: z.string().describe('Send it as `?token=`.'),
      expiresIn: z.int().describe('Seconds for which it opens streams.'),
    })
    .meta({ id: 'StreamToken', description: 'A token for the URL of a stream.' }),
  problems: ['forbidden'],
  handler({ caller }, { config, clock, tokenKey }) {
    if (caller.apiKey !== undefined && caller.apiKey.allowedIps.length > 0) {
      throw problem('forbidden', {
        detail:
          'This API key is limited to some addresses, and a stream token would work from any. Use the key itself.',
      });
    }
    const ttl = config.STREAM_TOKEN_TTL;
    const token = signStreamToken(tokenKey, caller, { clock, ttl });
    return Promise.resolve({ token, expiresIn: ttl });
  },
});
