import { Agent } from 'node:http';
import { hash } from '@node-rs/argon2';
import { Test } from 'supertest';
import { createUser } from '../../db/users/users.ts';
import { createApp } from '../../app/app.ts';
import type { Role } from '../../lib/tokens/caller.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { readConfig } from '../../lib/config/config.ts';
import { listen, stopListening, patienceOf } from '../../app/server.ts';
import type { BackendPatience } from '../../app/backends.ts';
import { createServices } from '../../app/services.ts';
import type { Services } from '../../routes/http/handler-services.ts';
import { openInMemory, openOnDisk, openOnPostgres } from './databases.ts';
import { watch, watchedLogger } from './log-watch.ts';
import { checkAnswer } from './response-check.ts';

export interface TestAppOptions {
  /** Environment variables beside the defaults of a test: push feed, no demo. */
  env?: Record<string, string>;
  /** A PostgreSQL database instead of an embedded one in memory. */
  databaseUrl?: string;
  /** A folder for the embedded database, which then has a thread of its own, as in a node. */
  dataDir?: string;
  clock?: Clock;
  patience?: BackendPatience;
  /** Takes each line of its log, down to `trace`. */
  log?: (line: string) => void;
}

export interface TestUser {
  id: string;
  email: string;
  accessToken: string;
  refreshToken: string;
  /** Ready to be sent. */
  authorization: string;
}

export interface TestApp {
  /** With its `BASE_PATH`. */
  url: string;
  services: Services;
  /** A new user, logged in. */
  user(role?: Role): Promise<TestUser>;
  /** A JSON request; `as` presents the user's token. @throws when the OpenAPI document does not tell of the answer */
  call(
    method: string,
    path: string,
    options?: { as?: TestUser; body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer>;
  /** Ends streams, server and services. */
  close(): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of any shape
  body: any;
}

const TEST_SECRET = 'a secret that only the tests of this project use';
export const TEST_PASSWORD = 'correct horse battery';
/** Each log-in checks it: as cheap as argon2 can be. */
const CHEAP = { memoryCost: 8, timeCost: 1, parallelism: 1 };
let passwordHash: Promise<string> | undefined;
let userCount = 0;

function headersOf(all: Record<string, string | string[]>): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(all)) {
    for (const value of [values].flat()) headers.append(name, value);
  }
  return headers;
}

/** The whole program on a free port, as `app/program.ts` runs it, with a real database and real sockets. */
export async function startApp(options: TestAppOptions = {}): Promise<TestApp> {
  const clock = options.clock ?? systemClock;
  const logger = watchedLogger(options.log);
  watch.learn(TEST_SECRET, TEST_PASSWORD);
  const config = readConfig({
    MARKET_FEED: 'push',
    DEMO: 'false',
    JWT_SECRET: TEST_SECRET,
    DRAIN_MS: '0',
    // Tests open more streams in a minute than anybody else; those of the limits set their own.
    RATE_LIMIT_STREAM: '1000000',
    // So do properties make more portfolios.
    PORTFOLIOS_PER_USER: '1000000',
    ...options.env,
  });
  const database =
    options.dataDir !== undefined
      ? await openOnDisk(options.dataDir)
      : options.databaseUrl === undefined
        ? await openInMemory()
        : await openOnPostgres({ url: options.databaseUrl, statementTimeout: config.STATEMENT_TIMEOUT_MS });
  const { services, close } = await createServices({
    config,
    clock,
    random: Math.random,
    logger,
    database,
    patience: options.patience,
  });
  const { server, url: root } = await listen(
    createApp(services),
    { host: '127.0.0.1', port: 0 },
    patienceOf(config),
    services,
  );

  const url = root + config.BASE_PATH;
  const agent = new Agent({ keepAlive: true });

  async function call(
    method: string,
    path: string,
    { as, body, headers = {} }: { as?: TestUser; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const call = new Test(url, method, path)
      .agent(agent)
      .redirects(0)
      .ok(() => true)
      // As it came, whatever its type: what should be JSON and is not is for a test to see.
      .responseType('blob')
      .set(as === undefined ? {} : { authorization: as.authorization })
      .set(body === undefined ? {} : { 'content-type': 'application/json' })
      .set(headers);
    const response = await call.send(sent);
    const text = Buffer.isBuffer(response.body) ? response.body.toString() : '';
    const answered = headersOf(response.headers as Record<string, string | string[]>);
    const isJson = /json/.test(answered.get('content-type') ?? '');
    const answer = { status: response.status, headers: answered, body: isJson ? JSON.parse(text) : text };
    if (sent !== undefined) watch.learnBody(sent);
    if (method === 'POST' && response.status < 300 && isJson) watch.learnBody(text);
    checkAnswer(method, path, answer);
    return answer;
  }

  return {
    url,
    services,
    call,
    async user(role = 'trader') {
      passwordHash ??= hash(TEST_PASSWORD, CHEAP);
      userCount += 1;
      const email = `user-${userCount}-${process.pid}@example.com`;
      await createUser(services.db, { email, name: null, passwordHash: await passwordHash, role }, { clock });
      const { body } = await call('POST', '/v1/auth/login', { body: { email, password: TEST_PASSWORD } });
      const { accessToken, refreshToken, user } = body;
      return { id: user.id, email, accessToken, refreshToken, authorization: `Bearer ${accessToken}` };
    },
    async close() {
      agent.destroy();
      const closed = stopListening(server, systemClock, 2_000);
      await services.hub.drain(0);
      await closed;
      await close();
    },
  };
}
