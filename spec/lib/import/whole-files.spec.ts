import assert from 'node:assert/strict';
import { runs } from '../../support/runs.ts';
import { readsFilesRight } from './written-files.ts';

describe('files of every layout', () => {
  it('are read right or refused, never read wrong, in the writing of fifteen locales', async () => {
    const { all, read } = await readsFilesRight({ numRuns: runs(100) });
    assert.ok(read > all / 5, `only ${read} of ${all} rows were read`);
  });
});
