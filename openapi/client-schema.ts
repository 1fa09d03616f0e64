import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../lib/process/package-info.ts';

/** openapi-typescript; in a package of its own because it needs TypeScript 5. */
const GENERATOR = join(PACKAGE_ROOT, 'spec/generated-client/node_modules/openapi-typescript/bin/cli.js');

/**
 * Source text of the client's types.
 * @param document file of the OpenAPI document
 */
export function clientSchema(document: string): string {
  // What has a default may be left out of a request.
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [GENERATOR, document, '--default-non-nullable=false'],
    { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 },
  );
  if (status !== 0) throw new Error(`openapi-typescript: ${stderr}`);
  return stdout;
}
