import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { PACKAGE_ROOT } from '../../../lib/process/package-info.ts';

/** Words of what Marktide shows on its channels: the core must not know them. */
const DOMAIN = /holdings|portfolio|ticker|candle/i;
/** What the rooms may import besides themselves, npm packages and Node.js: the same as in .oxlintrc.json. */
const LIB = ['lib/clock.ts', 'lib/recent-map.ts', 'lib/async/', 'lib/logging/'];
/** What can be read in one sitting. */
const MAX_LINES = 3_000;

function filesOf(room: string): { path: string; text: string }[] {
  const entries = readdirSync(join(PACKAGE_ROOT, room), { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      return { path: relative(PACKAGE_ROOT, file), text: readFileSync(file, 'utf8') };
    });
}

describe('the core of the streams', () => {
  it('can be read in one sitting', () => {
    const lines = filesOf('streams/core')
      .filter(({ path }) => path.endsWith('.ts'))
      .map(({ text }) => text.split('\n').length - 1);
    assert.ok(lines.reduce((sum, each) => sum + each, 0) < MAX_LINES);
  });

  for (const [room, neighbours] of [
    ['streams/core', []],
    ['streams/memory', ['streams/core/']],
    ['streams/redis', ['streams/core/']],
  ] as const) {
    it(`has no word of the domain in ${room}`, () => {
      for (const { path, text } of filesOf(room)) {
        text.split('\n').forEach((line, index) => assert.doesNotMatch(line, DOMAIN, `${path}:${index + 1}`));
      }
    });

    it(`imports nothing of the project into ${room} but the core and a few files of lib/`, () => {
      for (const { path, text } of filesOf(room)) {
        for (const [, from = ''] of text.matchAll(/(?:from|import\() ?'(\.[^']+)'/g)) {
          const imported = join(dirname(path), from);
          const isAllowed = [`${room}/`, ...neighbours, ...LIB].some((each) => imported.startsWith(each));
          assert.ok(isAllowed, `${path} imports ${imported}`);
        }
      }
    });
  }
});
