const LANGUAGES = ['en', 'ko'] as const;
export type Language = (typeof LANGUAGES)[number];
const KEPT = 'marktide.language';

function wanted(): string[] {
  const asked = new URLSearchParams(location.search).get('lang');
  return [asked, localStorage.getItem(KEPT), ...navigator.languages].filter((tag) => tag !== null);
}

function languageOf(tag: string): Language | undefined {
  return LANGUAGES.find((language) => language === tag.split('-')[0]);
}

function isValid(tag: string): boolean {
  try {
    return Intl.NumberFormat.supportedLocalesOf(tag).length > 0;
  } catch {
    return false;
  }
}

/**
 * BCP 47 tag for numbers and times: `?lang=`, the reader's last choice, or the first of the browser's
 * languages that the page has.
 */
export const locale = wanted().find((tag) => isValid(tag) && languageOf(tag) !== undefined) ?? 'en';

/** The language of the texts. Numbers follow it too, so that a page never mixes two conventions. */
export const language = languageOf(locale) ?? 'en';

/** Remembers the language for the next visit. */
export function keepLanguage(chosen: Language): void {
  localStorage.setItem(KEPT, chosen);
}
