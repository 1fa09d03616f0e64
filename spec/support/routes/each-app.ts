import { type TestApp, type TestAppOptions, startApp } from '../app.ts';
import { newPostgresDatabase, onOneDatabase } from '../databases.ts';

/** Runs one suite against the whole program, on PostgreSQL or on the embedded database. */
export function eachApp(
  name: string,
  suite: (app: () => TestApp) => void,
  options: Omit<TestAppOptions, 'databaseUrl'> = {},
): void {
  onOneDatabase(name, (database) => {
    let app: TestApp | undefined;
    before(async () => {
      const databaseUrl = database === 'embedded' ? undefined : await newPostgresDatabase();
      app = await startApp({ ...options, databaseUrl });
    });
    after(() => app?.close());
    suite(() => {
      if (app === undefined) throw new Error('the program has not started');
      return app;
    });
  });
}
