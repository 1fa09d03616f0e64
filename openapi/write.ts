import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PACKAGE_ROOT, VERSION } from '../lib/package-info.ts';
import { ENDPOINTS } from '../routes/endpoints.ts';
import { openApiDocument } from './document.ts';

// Brings openapi/openapi.json up to the endpoints: `node --import tsx openapi/write.ts`.
const text = `${JSON.stringify(openApiDocument(ENDPOINTS, VERSION), null, 2)}\n`;
await writeFile(join(PACKAGE_ROOT, 'openapi', 'openapi.json'), text);
