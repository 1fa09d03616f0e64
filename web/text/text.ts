import { language } from '../page/locale.ts';
import { firstEn } from './first-en.ts';
import { firstKo } from './first-ko.ts';
import type { Gaps, TextKey, Texts } from './text-key.ts';

const texts: Partial<Record<TextKey, string>> = { ...{ en: firstEn, ko: firstKo }[language] };

type Values<K extends TextKey> = [Gaps<Texts[K]>] extends [never] ? [] : [Record<Gaps<Texts[K]>, string>];

/** Loads the other texts, in the reader's language only; nobody needs them before signing in. */
export async function loadTexts(): Promise<void> {
  Object.assign(texts, language === 'ko' ? (await import('./ko.ts')).ko : (await import('./en.ts')).en);
}

/** The text of a key in the reader's language, with `{name}` filled in. */
export function text<K extends TextKey>(key: K, ...[values]: Values<K>): string {
  const given: Record<string, string> = { ...values };
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name: string) => given[name] ?? whole);
}

export function isTextKey(key: string): key is TextKey {
  return Object.hasOwn(texts, key);
}
