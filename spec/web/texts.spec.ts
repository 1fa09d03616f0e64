import assert from 'node:assert/strict';
import { type WarningCode, WARNING_CODES } from '../../lib/schemas/warning-schema.ts';
import { PROBLEMS, type ProblemSlug } from '../../lib/problem.ts';
import { en as restEn } from '../../web/text/en.ts';
import { firstEn } from '../../web/text/first-en.ts';
import { firstKo } from '../../web/text/first-ko.ts';
import { ko as restKo } from '../../web/text/ko.ts';

const en = { ...firstEn, ...restEn };
const ko = { ...firstKo, ...restKo };

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
      ['problemFields', 'decimalMark.point', 'decimalMark.comma', 'entryBetween'],
    );
  });

  it('tell every warning and every problem of the server', () => {
    // What is missing does not compile here either.
    const warnings: Record<`warning.${WarningCode}`, string> = en;
    const problems: Record<`problem.${ProblemSlug}`, string> = en;
    for (const code of WARNING_CODES) assert.ok(warnings[`warning.${code}`].length > 0);
    for (const slug of Object.keys(PROBLEMS) as ProblemSlug[])
      assert.ok(problems[`problem.${slug}`].length > 0);
  });
});
