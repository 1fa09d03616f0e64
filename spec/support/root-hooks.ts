import assert from 'node:assert/strict';
import { watch, watchTraffic } from './log-watch.ts';

watchTraffic();

/** Around all tests; in a parallel run, around those of each file. */
export const mochaHooks = {
  afterAll(): void {
    const leaked = watch.take();
    const some = leaked.slice(0, 5).map((line) => line.slice(0, 400));
    assert.equal(leaked.length, 0, `a log holds tokens, keys or passwords, in lines as\n${some.join('\n')}`);
  },
};
