import { Agent, request } from 'node:http';
import { hashPassword } from '../../lib/tokens/password.ts';
import { createUser } from '../../db/users/users.ts';
import type { Role } from '../../lib/tokens/caller.ts';
import { systemClock } from '../../lib/clock.ts';
import { startApp, type TestApp, type TestUser } from '../support/app.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import type { FuzzRequest, Ids } from './requests.ts';

/** In everything that the victim owns: whoever else gets to read it has read too much. */
export const MARK = 'Geheimnis7f3a';

export interface FuzzAnswer {
  status: number;
  headers: Headers;
  text: string;
}

/** No answer in this time is a hang, however busy the machine is. */
const HANG_MS = 60_000;

export interface Target {
  app: TestApp;
  /** A user of the role who is logged in and owns one of everything; the same one as long as that can still log in. */
  attacker(role: Role): Promise<{ user: TestUser; ids: Ids }>;
  /** All that the victim has, as text. */
  victim(): Promise<string>;
  send(request: FuzzRequest, authorization: string | null): Promise<FuzzAnswer>;
  close(): Promise<void>;
}

const NO_LIMITS = Object.fromEntries(
  ['ADDRESS', 'USER', 'API_KEY', 'STREAM', 'LOGIN', 'LOGIN_FAILURES'].map((name) => [
    `RATE_LIMIT_${name}`,
    '0',
  ]),
);

export async function startTarget(env: Record<string, string> = {}): Promise<Target> {
  const app = await startApp({
    databaseUrl: await newPostgresDatabase(),
    env: { ...NO_LIMITS, REGISTRATION: 'open', API_KEYS_PER_USER: '1000000', ...env },
  });
  const { db } = app.services;
  const { hostname, port } = new URL(app.url);
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const passwordHash = await hashPassword('the password of the victim');
  const owner = await createUser(
    db,
    { email: `${MARK}@example.com`.toLowerCase(), name: MARK, passwordHash, role: 'trader' },
    { clock: systemClock },
  );
  const admin = await app.user('admin');
  const users = new Map<Role, TestUser>();

  async function made(path: string, as: TestUser, body: unknown): Promise<string> {
    const answer = await app.call('POST', path, { as, body });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return String(answer.body.id);
  }

  const trade = (note: string) => ({
    symbol: 'BTC/KRW',
    side: 'buy',
    quantity: '1.5',
    price: '90000000',
    time: '2026-03-02T09:00:00Z',
    note,
    tags: ['x'],
  });
  const transfer = { kind: 'deposit', asset: 'KRW', quantity: '1000', time: '2026-03-01T09:00:00Z' };

  const seller = await app.user();
  // Given to the victim afterwards, so that nobody here has its token.
  const theirs = await made('/v1/portfolios', seller, { name: MARK });
  const theirTrade = await made(`/v1/portfolios/${theirs}/trades`, seller, trade(MARK));
  const theirTransfer = await made(`/v1/portfolios/${theirs}/transfers`, seller, { ...transfer, note: MARK });
  await db('portfolios').where({ id: theirs }).update({ user_id: owner.id });

  async function works(user: TestUser | undefined, role: Role): Promise<boolean> {
    if (user === undefined) return false;
    const { status, body } = await app.call('GET', '/v1/auth/me', { as: user });
    return status === 200 && (body.role ?? body.user?.role) === role;
  }

  return {
    app,
    async attacker(role) {
      let user = users.get(role);
      if (user === undefined || !(await works(user, role))) {
        user = await app.user(role);
        users.set(role, user);
      }
      const ids: Ids = {
        userId: [owner.id, user.id],
        portfolioId: [theirs],
        tradeId: [theirTrade],
        transferId: [theirTransfer],
        slug: ['not-found'],
      };
      // A viewer cannot make one: what an admin makes is handed over.
      const maker = role === 'viewer' ? admin : user;
      const own = await made('/v1/portfolios', maker, { name: 'Mine' });
      const tradeId = await made(`/v1/portfolios/${own}/trades`, maker, trade('mine'));
      const transferId = await made(`/v1/portfolios/${own}/transfers`, maker, transfer);
      if (maker !== user) await db('portfolios').where({ id: own }).update({ user_id: user.id });
      ids['portfolioId']?.unshift(own, own, own);
      ids['tradeId']?.unshift(tradeId, tradeId);
      ids['transferId']?.unshift(transferId, transferId);
      return { user, ids };
    },
    async victim() {
      const of = async (table: string, where: Record<string, string>): Promise<unknown> =>
        await db(table).where(where).orderBy('id');
      return JSON.stringify([
        await of('users', { id: owner.id }),
        await of('portfolios', { user_id: owner.id }),
        await of('ledger_entries', { portfolio_id: theirs }),
        await db('portfolio_shares').where({ portfolio_id: theirs }),
      ]);
    },
    async send({ method, path, headers, body }, authorization) {
      return await new Promise((resolve, reject) => {
        const sent = request(
          {
            host: hostname,
            port,
            // As it is: a URL would have its dots resolved.
            path,
            method,
            agent,
            headers: {
              ...headers,
              // Without it, Node sends the body of a GET unframed.
              ...(body === null ? {} : { 'content-length': Buffer.byteLength(body) }),
              ...(authorization === null ? {} : { authorization }),
            },
          },
          (response) => {
            const answered = new Headers();
            for (let i = 0; i + 1 < response.rawHeaders.length; i += 2)
              answered.append(response.rawHeaders[i] ?? '', response.rawHeaders[i + 1] ?? '');
            const status = response.statusCode ?? 0;
            const done = (text: string): void => resolve({ status, headers: answered, text });
            // A stream has no end: that it opened is all there is to see here.
            if (/event-stream|ndjson/.test(answered.get('content-type') ?? '')) {
              done('');
              sent.destroy();
              return;
            }
            let text = '';
            response.setEncoding('utf8');
            response.on('data', (chunk: string) => (text += chunk));
            response.on('end', () => done(text));
            response.on('error', reject);
          },
        );
        sent.setTimeout(HANG_MS, () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
        sent.on('error', reject);
        sent.end(body ?? undefined);
      });
    },
    async close() {
      agent.destroy();
      await app.close();
    },
  };
}
