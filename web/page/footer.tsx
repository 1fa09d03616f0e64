import type { ReadonlySignal } from '@preact/signals';
import { text } from '../text/text.ts';
import { keepLanguage, language, type Language } from './locale.ts';
import { useScheme } from './palette.ts';

const SCHEME = 'marktide.scheme';
const LANGUAGES = [
  ['en', 'English'],
  ['ko', '한국어'],
] as const;

/** The colours chosen at the last visit; without a choice, what the system prefers. */
export function keptScheme(): string {
  return localStorage.getItem(SCHEME) ?? '';
}

function chooseScheme(scheme: string): void {
  localStorage.setItem(SCHEME, scheme);
  useScheme(scheme);
}

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

/** `zone` is the time zone of the times on the page; `''`: there are none. */
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
        <a href="/docs">{text('apiDocs')}</a>
      </span>
    </footer>
  );
}
