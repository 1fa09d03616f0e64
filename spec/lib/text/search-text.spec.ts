import assert from 'node:assert/strict';
import { eachGram, searchTerms, searchText } from '../../../lib/text/search-text.ts';

describe('searchable text', () => {
  it('does not grow with characters that stand for many', () => {
    // Each stands for eighteen letters.
    const text = searchText(['ﷺ'.repeat(1_000)]);
    assert.ok(text.length < 5_000, `${text.length} characters`);
    let grams = 0;
    eachGram(text, () => (grams += 1));
    assert.ok(grams < 15_000, `${grams} grams`);
    const [term] = searchTerms('ﷺ'.repeat(100));
    assert.ok(term !== undefined && term.grams.length <= 16);
  });

  it('has all of the longest note in Korean', () => {
    const note = `${'분할 매수 전략 '.repeat(110)}끝`;
    assert.ok(note.length <= 1_000);
    const text = searchText([note]);
    const [end] = searchTerms('끝');
    assert.ok(end !== undefined && text.includes(end.needle));
  });
});
