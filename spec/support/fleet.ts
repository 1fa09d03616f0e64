import { startApp, type TestApp, type TestAppOptions } from './app.ts';
import { newPostgresDatabase } from './databases.ts';
import { postgresAvailable } from './postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from './redis-server.ts';

/** Two programs on one PostgreSQL and one Redis: what is told to one must count on the other. */
export interface Fleet {
  first: TestApp;
  second: TestApp;
  redis: RedisServer;
}

/** A suite on a fleet: visibly pending on a machine without the servers. */
export function onFleet(
  name: string,
  suite: (fleet: () => Fleet) => void,
  options: Omit<TestAppOptions, 'databaseUrl'> = {},
): void {
  (postgresAvailable() && redisAvailable() ? describe : describe.skip)(`${name} (fleet)`, () => {
    let redis: RedisServer | undefined;
    const apps: TestApp[] = [];
    before(async () => {
      redis = await startRedisServer();
      const databaseUrl = await newPostgresDatabase();
      for (let node = 0; node < 2; node += 1) {
        apps.push(await startApp({ ...options, databaseUrl, env: { REDIS_URL: redis.url, ...options.env } }));
      }
    });
    after(async () => {
      for (const app of apps) await app.close();
      await redis?.stop();
    });
    suite(() => {
      const [first, second] = apps;
      if (first === undefined || second === undefined || redis === undefined)
        throw new Error('the programs have not started');
      return { first, second, redis };
    });
  });
}
