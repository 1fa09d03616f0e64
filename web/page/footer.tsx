import type { ReadonlySignal } from '@preact/signals';
import { text } from '../text/text.ts';
import { keepLanguage, language, type Language } from './locale.ts';
import { chooseScheme, keptScheme } from './scheme.ts';

const LANGUAGES = [
  ['en', 'English'],
  ['ko', '한국어'],
] as const;

function LanguageLink({ tag, name }: { tag: Language; name: string }) {
  return (
    <a
      href={`?lang=${tag}`}
      lang={tag}
      hreflang={tag}
      aria-current={tag === language ? 'true' : undefined}
      onClick={() => keepLanguage(tag)}
    >
      {name}
    </a>
  );
}

/** `zone` is the time zone of the times on the page, or `''` if there are none. */
export function Footer({ zone }: { zone: ReadonlySignal<string> }) {
  return (
    <footer class="aside foot">
      <span id="zone-note">{zone.value === '' ? '' : text('zone', { zone: zone.value })}</span>
      <span class="foot-links">
        {LANGUAGES.map(([tag, name]) => (
          <LanguageLink key={tag} tag={tag} name={name} />
        ))}
        <label class="hidden" for="scheme">
          {text('scheme')}
        </label>
        <select
          id="scheme"
          value={keptScheme()}
          onChange={(event) => chooseScheme(event.currentTarget.value)}
        >
          <option value="">{text('scheme.auto')}</option>
          <option value="light">{text('scheme.light')}</option>
          <option value="dark">{text('scheme.dark')}</option>
        </select>
        <a href="docs">{text('apiDocs')}</a>
      </span>
    </footer>
  );
}
