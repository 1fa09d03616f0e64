import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WEB_FOLDER } from '../../lib/package-info.ts';

async function catalogue(language: string): Promise<Record<string, string>> {
  const file = pathToFileURL(join(WEB_FOLDER, 'js', 'text', `${language}.js`)).href;
  return ((await import(file)) as { default: Record<string, string> }).default;
}

const placeholders = (text = ''): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

describe('the texts of the page', () => {
  it('are the same in every language, with the same gaps to fill', async () => {
    const [english, korean] = [await catalogue('en'), await catalogue('ko')];
    assert.deepEqual(Object.keys(korean).sort(), Object.keys(english).sort());
    for (const [key, text] of Object.entries(english)) {
      assert.deepEqual(placeholders(korean[key]), placeholders(text), key);
    }
  });

  it('are there wherever one is asked for', async () => {
    const english = await catalogue('en');
    const folder = join(WEB_FOLDER, 'js');
    const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.js'))
      .map((file) => readFileSync(join(folder, file), 'utf8'));
    const html = readFileSync(join(WEB_FOLDER, 'index.html'), 'utf8');
    const asked = [
      ...scripts.flatMap((script) => [...script.matchAll(/\btext\(\s*'([^']+)'/g)]),
      ...html.matchAll(/data-text="([^"]+)"/g),
    ].map(([, key = '']) => key);
    assert.ok(asked.length > 80);
    assert.deepEqual(
      asked.filter((key) => !(key in english)),
      [],
    );
  });
});
