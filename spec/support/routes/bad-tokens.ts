import assert from 'node:assert/strict';
import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { revokeSession } from '../../../db/users/sessions.ts';
import { updateUser } from '../../../db/users/users.ts';
import type { Role } from '../../../lib/tokens/caller.ts';
import { systemClock } from '../../../lib/clock.ts';
import type { TestApp, TestUser } from '../app.ts';
import { NO_ID } from './door.ts';

/** Who a token is made for, and where. */
export interface Holder {
  app: TestApp;
  user: TestUser;
  role: Role;
}

/** Of the moment it is asked for: tests may begin long after their file was read. */
function now(): number {
  return Math.floor(Date.now() / 1000);
}

function claimsOf({ user, role }: Holder): Record<string, unknown> {
  const { sid } = jwt.decode(user.accessToken) as { sid: string };
  const iat = now();
  return { sub: user.id, sid, role, iss: 'marktide', aud: 'marktide:api', iat, exp: iat + 600 };
}

/** A token that is good but for what is changed in it. */
export function forge(
  holder: Holder,
  changed: Record<string, unknown> = {},
  key = holder.app.services.tokenKey,
  algorithm: jwt.Algorithm = 'HS256',
): string {
  const claims = Object.entries({ ...claimsOf(holder), ...changed }).filter(
    ([, value]) => value !== undefined,
  );
  return jwt.sign(Object.fromEntries(claims), key, { algorithm, noTimestamp: true });
}

function unsigned(holder: Holder, header: object): string {
  const parts = [header, { ...claimsOf(holder), role: 'admin' }];
  return `${parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
}

/** The same with one character in the middle of its last part changed, such that other bits are. */
export function tampered(secret: string): string {
  const at = Math.max(secret.lastIndexOf('.'), 0) + 5;
  return secret.slice(0, at) + (secret[at] === 'A' ? 'B' : 'A') + secret.slice(at + 1);
}

/** A token of the parts, which need be neither JSON nor signed. */
function tokenOf(header: string, payload: string): string {
  return `${[header, payload].map((part) => Buffer.from(part).toString('base64url')).join('.')}.c2lnbmF0dXJl`;
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

type Headers = Record<string, string>;

/** What nobody must be let in with, whoever's it is. */
export const BAD_TOKENS: Record<string, (holder: Holder) => Promise<Headers> | Headers> = {
  'no token': () => ({}),
  'an empty header': () => ({ authorization: '' }),
  'another scheme': () => ({ authorization: `Basic ${Buffer.from('a:b').toString('base64')}` }),
  garbage: () => bearer('garbage'),
  'a token without its scheme': ({ user }) => ({ authorization: user.accessToken }),
  'two tokens': ({ user }) => bearer(`${user.accessToken} ${user.accessToken}`),
  'a refresh token': ({ user }) => bearer(user.refreshToken),
  'an expired token': (holder) => bearer(forge(holder, { iat: now() - 100, exp: now() - 10 })),
  'a token not valid yet': (holder) => bearer(forge(holder, { nbf: now() + 300 })),
  'a tampered payload': (holder) => {
    const [header, , signature] = holder.user.accessToken.split('.');
    const payload = Buffer.from(JSON.stringify({ ...claimsOf(holder), role: 'admin' })).toString('base64url');
    return bearer(`${header}.${payload}.${signature}`);
  },
  'a tampered signature': ({ user }) => bearer(tampered(user.accessToken)),
  'no signature': (holder) => bearer(unsigned(holder, { alg: 'HS256', typ: 'JWT' })),
  'alg none': (holder) => bearer(unsigned(holder, { alg: 'none', typ: 'JWT' })),
  'another algorithm with our key': (holder) =>
    bearer(forge(holder, {}, holder.app.services.tokenKey, 'HS512')),
  'a public-key signature': (holder) =>
    bearer(forge(holder, {}, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, 'RS256')),
  'another audience': (holder) => bearer(forge(holder, { aud: 'other' })),
  'the audience of streams': (holder) => bearer(forge(holder, { aud: 'marktide:stream' })),
  'a payload that is no JSON': () => bearer(tokenOf('{"alg":"HS256","typ":"JWT"}', 'no JSON')),
  'a header that is no JSON': () => bearer(tokenOf('no JSON', '{}')),
  'a header that is no object': () => bearer(tokenOf('null', '{}')),
  'a key id that is no text': () => bearer(tokenOf('{"alg":"HS256","typ":"JWT","kid":{"a":1}}', '{}')),
  'a payload that is no JSON in a cookie': () => ({
    cookie: `marktide_access=${tokenOf('{"alg":"HS256","typ":"JWT"}', '{')}`,
  }),
  'no audience': (holder) => bearer(forge(holder, { aud: undefined })),
  'another issuer': (holder) => bearer(forge(holder, { iss: 'other' })),
  'no expiry': (holder) => bearer(forge(holder, { exp: undefined })),
  'an unknown role': (holder) => bearer(forge(holder, { role: 'root' })),
  'another key': (holder) =>
    bearer(forge(holder, {}, createSecretKey(Buffer.from('another secret of sufficient length')))),
  'an unknown session': (holder) => bearer(forge(holder, { sid: NO_ID })),
  'a session that is no id': (holder) => bearer(forge(holder, { sid: 'mine' })),
  'a revoked session': async ({ app, role }) => {
    const gone = await app.user(role);
    const { sid } = jwt.decode(gone.accessToken) as { sid: string };
    assert.ok(await revokeSession(app.services.db, sid, { clock: systemClock }));
    return { authorization: gone.authorization };
  },
  'a disabled user': async ({ app, role }) => {
    const gone = await app.user(role);
    await updateUser(app.services.db, gone.id, { disabledAt: Date.now() });
    return { authorization: gone.authorization };
  },
  'a deleted user': async ({ app, role }) => {
    const gone = await app.user(role);
    await app.services.db('users').where({ id: gone.id }).delete();
    return { authorization: gone.authorization };
  },
  'a bad token beside a good cookie': ({ user }) => ({
    ...bearer('garbage'),
    cookie: `marktide_access=${user.accessToken}`,
  }),
  'a bad cookie': () => ({ cookie: 'marktide_access=garbage' }),
};
