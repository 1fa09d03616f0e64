const LANGUAGES = ['en', 'ko'];
const KEPT = 'marktide.language';

function wanted() {
  const asked = new URLSearchParams(location.search).get('lang');
  return [asked, localStorage.getItem(KEPT), ...navigator.languages].filter((tag) => tag !== null);
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

/** BCP 47 tag for numbers and times: `?lang=`, the reader's last choice, or the browser's first that the page speaks. */
export const locale = wanted().find((tag) => valid(tag) && isSpoken(tag)) ?? 'en';

/** The language of the texts. Numbers follow the same one, so that a page never mixes two customs. */
export const language = locale.split('-')[0];

/** A link to the page in another language, which remembers the choice. */
export function chooseLanguage(link) {
  if (link.dataset.language === language) link.setAttribute('aria-current', 'true');
  link.addEventListener('click', () => localStorage.setItem(KEPT, link.dataset.language));
}
