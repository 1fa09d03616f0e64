import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { clientSchema } from '../../openapi/client-schema.ts';
import { keepBooks } from '../generated-client/smoke.ts';
import { startApp, TEST_PASSWORD, type TestApp } from '../support/app.ts';

const WORKSPACE = join(PACKAGE_ROOT, 'spec', 'generated-client');

describe('a client generated from the OpenAPI document', function () {
  this.timeout(120_000);
  let app: TestApp;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marktide-generated-'));
    app = await startApp();
  });
  after(async () => {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('has the types that stand in lib/client/schema.ts', async () => {
    const document = join(folder, 'openapi.json');
    await writeFile(document, await (await fetch(`${app.url}/openapi.json`)).text());
    const kept = await readFile(join(PACKAGE_ROOT, 'lib', 'client', 'schema.ts'), 'utf8');
    assert.ok(kept === clientSchema(document), 'run: npm run generate');
  });

  it('compiles strictly, and refuses what is wrong', () => {
    const compiler = join(WORKSPACE, 'node_modules', 'typescript', 'bin', 'tsc');
    const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', WORKSPACE], { encoding: 'utf8' });
    assert.equal(stdout, '');
    assert.equal(status, 0);
  });

  it('keeps books on a running server', async () => {
    const { email } = await app.user();
    await keepBooks(app.url, { email, password: TEST_PASSWORD });
  });
});
