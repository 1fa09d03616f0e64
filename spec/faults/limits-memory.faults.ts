import { assertBoundedMemory } from '../support/limits-memory.ts';

describe('the memory of the limits', () => {
  it('stays below 64 MiB over a million addresses, every limit full', async function () {
    this.timeout(120_000);
    await assertBoundedMemory(1_000_000);
  });
});
