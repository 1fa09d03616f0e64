import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PACKAGE_ROOT, VERSION } from '../lib/process/package-info.ts';
import { asyncApiDocument } from '../openapi/asyncapi.ts';
import { clientOperations } from '../openapi/client-operations.ts';
import { clientSchema } from '../openapi/client-schema.ts';
import { openApiDocument } from '../openapi/document.ts';
import { API } from '../openapi/documents.ts';
import { withConfigTable } from './config-table.ts';

// Writes everything that is generated from declarations: `npm run generate`. The tests fail when it is stale.
const place = (...path: string[]): string => join(PACKAGE_ROOT, ...path);
const json = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;
await writeFile(place('openapi', 'openapi.json'), json(openApiDocument(API, VERSION)));
await writeFile(place('openapi', 'asyncapi.json'), json(asyncApiDocument(VERSION)));
await writeFile(place('lib', 'client', 'operations.ts'), clientOperations(API));
await writeFile(place('lib', 'client', 'schema.ts'), clientSchema(place('openapi', 'openapi.json')));
await writeFile(place('README.md'), withConfigTable(await readFile(place('README.md'), 'utf8')));
