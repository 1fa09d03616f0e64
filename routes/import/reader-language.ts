import type { Context } from 'koa';
import { REASON_LANGUAGES, type ReasonLanguage } from '../../lib/import/reason-texts.ts';

/** The language that the sender reads best, of those that reasons are told in. The answer says that it depends on it. */
export function readerLanguage(ctx: Context): ReasonLanguage {
  ctx.vary('Accept-Language');
  const wanted = ctx.acceptsLanguages(...REASON_LANGUAGES);
  return REASON_LANGUAGES.find((language) => language === wanted) ?? 'en';
}
