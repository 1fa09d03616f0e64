import { language } from '../page/locale.ts';
import { en } from './en.ts';
import { ko } from './ko.ts';
import type { Gaps, TextKey, Texts } from './text-key.ts';

const texts: Record<TextKey, string> = { en, ko }[language];

type Values<K extends TextKey> = [Gaps<Texts[K]>] extends [never] ? [] : [Record<Gaps<Texts[K]>, string>];

/** The text of a key in the reader's language, with `{name}` filled in. */
export function text<K extends TextKey>(key: K, ...[values]: Values<K>): string {
  const given: Record<string, string> = { ...values };
  return texts[key].replace(/\{(\w+)\}/g, (whole, name: string) => given[name] ?? whole);
}

export function isTextKey(key: string): key is TextKey {
  return Object.hasOwn(en, key);
}
