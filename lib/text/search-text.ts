import { beginsSyllable, keystrokes } from './keystrokes.ts';

/**
 * Full-text search that needs nothing from the database but an index of arrays: text is cut into grams (pieces of three
 * letters, and a few shorter ones), and every text with all grams of a term is checked for the term itself.
 *
 * A term of three letters or more may be anywhere in the text. A shorter one must begin a word, unless it is a Korean
 * syllable or contains punctuation.
 */

/** Marks where a word begins in searchable text. Text from users never contains control characters. */
const WORD_START = '\u0001';
/** ASCII has one form only. */
const PLAIN = /^[ -~]*$/;
const WORD = /[\p{L}\p{N}\p{M}]/u;
/** After a blank and after the slash of a symbol; ids have other punctuation, and too many pieces. */
const STARTS = /(?<=^|[ /])(?=[\p{L}\p{N}])/gu;
const INNER_STARTS = /(?<=\/)(?=[\p{L}\p{N}])/gu;

/**
 * How many letters of one text are searched: more than the longest Korean note has, each syllable of which is two or
 * three. Some characters stand for eighteen others, and each letter costs time and space in the index.
 */
const FOLDED_LIMIT = 4_096;

/** Case, width and composition aside; Korean as it is typed. */
function fold(text: string): string {
  const composed = PLAIN.test(text)
    ? text.toLowerCase()
    : keystrokes(text.normalize('NFKC').slice(0, FOLDED_LIMIT).toLowerCase().normalize('NFKC'));
  return composed
    .slice(0, FOLDED_LIMIT)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}

/** What is searched: the texts of a record, of which no term may match two at once. */
export function searchText(texts: readonly (string | null)[]): string {
  return texts
    .filter((text) => text !== null)
    .map((text) => fold(text).replace(STARTS, WORD_START))
    .join('\n');
}

/** Passes on every gram of a searchable text, some of them more than once. */
export function eachGram(searchable: string, tell: (gram: string) => void): void {
  for (const token of searchable.split(/[ \n]/)) {
    for (let at = 0; at < token.length; at += 1) {
      if (at + 3 <= token.length) tell(token.slice(at, at + 3));
      if (token[at] === WORD_START || token.charCodeAt(at) > ASCII_END) {
        const pair = token.slice(at, at + 2);
        if (pair.startsWith(WORD_START) || beginsSyllable(pair)) tell(pair);
      }
    }
    for (const letter of token) if (letter !== WORD_START && !isWord(letter)) tell(letter);
  }
}

const ASCII_END = 0x7e;
const ASCII_WORD = /[0-9a-z]/;

function isWord(letter: string): boolean {
  return letter.charCodeAt(0) <= ASCII_END ? ASCII_WORD.test(letter) : WORD.test(letter);
}

/** One word of a query: a text matches if it contains `needle`; only a text with all `grams` can. */
export interface SearchTerm {
  needle: string;
  grams: string[];
}

/** How many grams of one term are looked up: these are selective enough. */
const GRAM_LIMIT = 16;

/** The words of a query, all of which must be found, in any order. Empty if it contains only blanks. */
export function searchTerms(question: string): SearchTerm[] {
  const words = new Set(fold(question).split(' '));
  return [...words]
    .filter((word) => word !== '')
    .map((word) => termOf(word.replace(INNER_STARTS, WORD_START)));
}

function termOf(word: string): SearchTerm {
  if (word.length >= 3) {
    const all = Array.from({ length: word.length - 2 }, (_, at) => word.slice(at, at + 3));
    const step = Math.ceil(all.length / GRAM_LIMIT);
    return { needle: word, grams: all.filter((_, index) => index % step === 0) };
  }
  const marks = Array.from(word).filter((letter) => !isWord(letter));
  if (marks.length > 0) return { needle: word, grams: marks };
  if (beginsSyllable(word)) return { needle: word, grams: [word] };
  const needle = WORD_START + word;
  return { needle, grams: [needle] };
}
