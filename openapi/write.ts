import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PACKAGE_ROOT, VERSION } from '../lib/package-info.ts';
import { asyncApiDocument } from './asyncapi.ts';
import { openApiDocument } from './document.ts';
import { API } from './documents.ts';

// Brings the documents of this folder up to the declarations: `node --import tsx openapi/write.ts`.
const documents = {
  'openapi.json': openApiDocument(API, VERSION),
  'asyncapi.json': asyncApiDocument(VERSION),
};
for (const [name, document] of Object.entries(documents)) {
  await writeFile(join(PACKAGE_ROOT, 'openapi', name), `${JSON.stringify(document, null, 2)}\n`);
}
