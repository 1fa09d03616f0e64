import type { en } from './en.ts';
import type { firstEn } from './first-en.ts';

export type Texts = typeof firstEn & typeof en;
export type TextKey = keyof Texts;

/** The names between braces. */
export type Gaps<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Gaps<Rest>
  : never;
