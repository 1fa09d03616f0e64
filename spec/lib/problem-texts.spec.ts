import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';

/** Code that makes problems, warnings and notices. */
const FLOORS = ['lib', 'db', 'streams', 'routes', 'app'];
/** A problem and its detail, in one place. Those of fields may be predicates: see `lib/problem.ts`. */
const PROBLEM = /problem\(\s*'[a-z-]+',\s*\{\s*detail:\s*((?:'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|"[^"]*"))/g;
/** From a capital to a full stop; a whole sentence may be put in last. */
const SENTENCES = /^[A-Z`"].*(?:[.!?]|[.:] X)$/s;
/** A warning or notice with its text, whichever comes first. */
const CODED = /code: '[a-z-]+',\s*detail:\s*((?:'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|"[^"]*"))/g;

async function sources(): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for (const floor of FLOORS) {
    const folder = join(PACKAGE_ROOT, floor);
    for (const name of await readdir(folder, { recursive: true })) {
      if (!name.endsWith('.ts')) continue;
      const file = join(folder, name);
      found.push([relative(PACKAGE_ROOT, file), await readFile(file, 'utf8')]);
    }
  }
  return found;
}

/** What a reader sees, with `X` for each value that is put in. */
function shown(literal: string): string {
  return literal
    .slice(1, -1)
    .replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, 'X')
    .replaceAll(/\\(.)/g, '$1');
}

describe('the texts that the server sends', () => {
  for (const [what, pattern, least] of [
    ['details of problems', PROBLEM, 60],
    ['details of warnings and notices', CODED, 3],
  ] as const) {
    it(`are sentences: ${what}`, async () => {
      const texts = (await sources()).flatMap(([file, source]) =>
        [...source.matchAll(pattern)].map(([, literal = '']) => [file, shown(literal)] as const),
      );
      assert.ok(texts.length >= least, `${texts.length} found`);
      const faulty = texts.filter(([, text]) => !SENTENCES.test(text));
      assert.deepEqual(faulty, []);
    });
  }
});
