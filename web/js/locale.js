const LANGUAGES = ['en', 'ko'];

function wanted() {
  const asked = new URLSearchParams(location.search).get('lang');
  return asked === null ? navigator.languages : [asked, ...navigator.languages];
}

function isSpoken(tag) {
  return LANGUAGES.includes(tag.split('-')[0]) && Intl.NumberFormat.supportedLocalesOf(tag).length > 0;
}

function valid(tag) {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

/** BCP 47 tag for numbers and times: `?lang=`, or the first of the browser's languages that the page speaks. */
export const locale = wanted().find((tag) => valid(tag) && isSpoken(tag)) ?? 'en';

/** The language of the texts. Numbers follow the same one, so that a page never mixes two customs. */
export const language = locale.split('-')[0];
