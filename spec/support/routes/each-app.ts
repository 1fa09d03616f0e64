import { type TestApp, type TestAppOptions, startApp } from '../app.ts';
import { newPostgresDatabase, onPostgres } from '../databases.ts';

/** Runs one suite against the whole program on the embedded database and on PostgreSQL; one program for each. */
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
  describe(`${name} (embedded)`, () => on(() => Promise.resolve(undefined)));
  onPostgres(name, () => on(newPostgresDatabase));
}
