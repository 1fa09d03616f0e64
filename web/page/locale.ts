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

/** BCP 47 tag for numbers and times: `?lang=`, the reader's last choice, or the browser's first that the page speaks. */
export const locale = wanted().find((tag) => isValid(tag) && languageOf(tag) !== undefined) ?? 'en';

/** The language of the texts. Numbers follow the same one, so that a page never mixes two customs. */
export const language = languageOf(locale) ?? 'en';

/** For the next visit. */
export function keepLanguage(chosen: Language): void {
  localStorage.setItem(KEPT, chosen);
}
