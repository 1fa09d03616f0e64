import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../lib/process/package-info.ts';

/** Answers that a running server has given, by operation; spec/openapi/record-examples.ts writes them down. */
export const EXAMPLES_FILE = join(PACKAGE_ROOT, 'openapi', 'examples.json');

export type Examples = Record<string, unknown>;

export function readExamples(): Examples {
  return JSON.parse(readFileSync(EXAMPLES_FILE, 'utf8')) as Examples;
}
