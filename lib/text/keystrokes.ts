const FIRST_SYLLABLE = 0xac00;
const VOWELS = 21;
const FINALS = 28;
const SYLLABLES = 19 * VOWELS * FINALS;

const INITIAL_KEYS = Array.from('ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ');
const VOWEL_KEYS = 'ㅏ ㅐ ㅑ ㅒ ㅓ ㅔ ㅕ ㅖ ㅗ ㅗㅏ ㅗㅐ ㅗㅣ ㅛ ㅜ ㅜㅓ ㅜㅔ ㅜㅣ ㅠ ㅡ ㅡㅣ ㅣ'.split(' ');
const FINAL_KEYS =
  ' ㄱ ㄲ ㄱㅅ ㄴ ㄴㅈ ㄴㅎ ㄷ ㄹ ㄹㄱ ㄹㅁ ㄹㅂ ㄹㅅ ㄹㅌ ㄹㅍ ㄹㅎ ㅁ ㅂ ㅂㅅ ㅅ ㅆ ㅇ ㅈ ㅊ ㅋ ㅌ ㅍ ㅎ'.split(
    ' ',
  );

/** Letters that stand alone, as Unicode normalisation leaves them: initials, vowels, finals. */
const ALONE = new Map(
  (
    [
      [0x1100, INITIAL_KEYS],
      [0x1161, VOWEL_KEYS],
      [0x11a8, FINAL_KEYS.slice(1)],
    ] as const
  ).flatMap(([first, keys]) =>
    keys.map((key, index): [string, string] => [String.fromCharCode(first + index), key]),
  ),
);

const HANGUL = /[\u1100-\u11ff\uac00-\ud7a3]/g;

/**
 * Korean text as the keys it is typed with: `비트` is `ㅂㅣㅌㅡ`. What has been typed of a word so far is then a
 * beginning of it, although the syllable on the screen is another one at every key: `빝`, `비트`, `비틐`, `비트코`.
 * @param text in NFC or NFKC
 */
export function keystrokes(text: string): string {
  return text.replace(HANGUL, (letter) => {
    const place = letter.charCodeAt(0) - FIRST_SYLLABLE;
    if (place < 0 || place >= SYLLABLES) return ALONE.get(letter) ?? letter;
    const initial = INITIAL_KEYS[Math.floor(place / (VOWELS * FINALS))];
    const vowel = VOWEL_KEYS[Math.floor(place / FINALS) % VOWELS];
    return `${initial ?? ''}${vowel ?? ''}${FINAL_KEYS[place % FINALS] ?? ''}`;
  });
}

const INITIAL_AND_VOWEL = /^[ㄱ-ㅎ][ㅏ-ㅣ]$/;

/** Whether these two keys begin a syllable. */
export function beginsSyllable(keys: string): boolean {
  return INITIAL_AND_VOWEL.test(keys);
}
