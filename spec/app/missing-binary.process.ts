import assert from 'node:assert/strict';
import { startNode } from '../support/node-process.ts';

/** What `npm ci --omit=optional` leaves: the package, but no binary that it could load. */
const RESOLVE = `export const resolve = (name, context, next) => {
  if (name === '@node-rs/argon2') throw new Error('Cannot find native binding.');
  return next(name, context);
};`;
const asUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
const WITHOUT_ARGON2 = asUrl(
  `import { register } from 'node:module'; register(${JSON.stringify(asUrl(RESOLVE))});`,
);

describe('a node without the binary of argon2', () => {
  it('says in one sentence how to install it', async () => {
    const starting = startNode({}, ['--import', WITHOUT_ARGON2, 'dist/app/main.js']);
    await assert.rejects(starting, ({ message }: Error) => {
      const [ended, ...said] = message.trim().split('\n');
      assert.equal(ended, 'it ended with 1:');
      assert.deepEqual(said, [
        'The binary of @node-rs/argon2 for this machine is missing: install again without --omit=optional.',
      ]);
      return true;
    });
  });
});
