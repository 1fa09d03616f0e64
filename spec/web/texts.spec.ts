import assert from 'node:assert/strict';
import { en } from '../../web/text/en.ts';
import { ko } from '../../web/text/ko.ts';

const placeholders = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

/** That a key is missing in a language, or asked for without being there, does not compile. */
describe('the texts of the page', () => {
  it('have the same gaps to fill in every language', () => {
    const korean = new Map(Object.entries(ko));
    for (const [key, text] of Object.entries(en)) {
      assert.deepEqual(placeholders(korean.get(key) ?? ''), placeholders(text), key);
    }
  });

  it('are Korean where they should be', () => {
    const same = Object.entries(ko).filter(([, text]) => !/[가-힣]/.test(text.replaceAll(/\{\w+\}/g, '')));
    assert.deepEqual(
      same.map(([key]) => key),
      ['problemFields'],
    );
  });
});
