import { type TestApp, type TestAppOptions, startApp } from '../app.ts';
import { newPostgresDatabase, onPostgres } from '../databases.ts';
import { postgresAvailable } from '../postgres-server.ts';

/** Of `npm run test:embedded`. */
const EMBEDDED = process.env['DATABASE'] === 'embedded';

/**
 * Runs one suite against the whole program on PostgreSQL, or in `npm run test:embedded` (and without PostgreSQL) on the
 * embedded database, which takes more processor time.
 */
export function eachApp(
  name: string,
  suite: (app: () => TestApp) => void,
  options: Omit<TestAppOptions, 'databaseUrl'> = {},
): void {
  const on = (database: () => Promise<string | undefined>): void => {
    let app: TestApp | undefined;
    before(async () => {
      app = await startApp({ ...options, databaseUrl: await database() });
    });
    after(() => app?.close());
    suite(() => {
      if (app === undefined) throw new Error('the program has not started');
      return app;
    });
  };
  if (EMBEDDED || !postgresAvailable()) {
    describe(`${name} (embedded)`, () => on(() => Promise.resolve(undefined)));
  }
  if (!EMBEDDED) onPostgres(name, () => on(newPostgresDatabase));
}
