/**
 * Names of browsers and systems, by what a `User-Agent` contains. The first match counts, since most claim to
 * be others too.
 */
const BROWSERS = [
  ['Edg', 'Edge'],
  ['SamsungBrowser', 'Samsung Internet'],
  ['Whale', 'Whale'],
  ['KAKAOTALK', 'KakaoTalk'],
  ['OPR', 'Opera'],
  ['Firefox', 'Firefox'],
  ['FxiOS', 'Firefox'],
  ['CriOS', 'Chrome'],
  ['Chrome', 'Chrome'],
  ['Safari', 'Safari'],
] as const;
const SYSTEMS = [
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['CrOS', 'ChromeOS'],
  ['Windows', 'Windows'],
  ['Mac OS X', 'Mac'],
  ['Linux', 'Linux'],
] as const;

/**
 * A device as people call it: `Chrome · Windows`. Other programs are shown by the first word of their
 * `User-Agent`; `''` if unknown.
 */
export function deviceOf(userAgent: string): string {
  const found = (names: readonly (readonly [string, string])[]): string | undefined =>
    names.find(([part]) => userAgent.includes(part))?.[1];
  const browser = userAgent.startsWith('Mozilla/') ? found(BROWSERS) : userAgent.split(/[ /]/)[0];
  return [browser, found(SYSTEMS)].filter(Boolean).join(' · ');
}
