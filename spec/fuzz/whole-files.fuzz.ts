import assert from 'node:assert/strict';
import { readsFilesRight } from '../lib/import/written-files.ts';

const RUNS = 20 * Number(process.env['FUZZ_RUNS'] ?? 300);

describe('files of every layout, thousands of them', function () {
  this.timeout(1_800_000);

  it('are read right or refused, never read wrong', async () => {
    const { all, read } = await readsFilesRight({
      numRuns: RUNS,
    });
    assert.ok(read > all / 5, `only ${read} of ${all} rows were read`);
  });
});
