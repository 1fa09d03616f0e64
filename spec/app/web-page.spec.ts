import assert from 'node:assert/strict';
import { startApp, type TestApp } from '../support/app.ts';

describe('the files of the page', () => {
  let app: TestApp;
  let html: string;
  let bundles: string[];

  before(async () => {
    app = await startApp();
    html = (await app.call('GET', '/')).body;
    // Relative, so that the page can lie under any path; here it lies at the root.
    bundles = [...html.matchAll(/(?:href|src)="([^"/][^"]+\.(?:js|css))"/g)].map(([, url = '']) => `/${url}`);
  });
  after(() => app.close());

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(app.url + path, { headers });

  /** The text of a file and of all that it names, as a browser would load it in time. */
  async function textOf(url: string, seen = new Set<string>()): Promise<string> {
    if (seen.has(url)) return '';
    seen.add(url);
    const text = await (await get(url)).text();
    const names = [...text.matchAll(/"\.\/([\w-]+\.js)"/g)].map(([, name = '']) => `/assets/${name}`);
    return text + (await Promise.all(names.map((name) => textOf(name, seen)))).join('');
  }

  it('are named in the HTML by their content', async () => {
    assert.ok(bundles.length >= 3, html);
    for (const url of bundles) {
      assert.match(url, /^\/assets\/[\w-]+-[A-Z0-9]{8}\.(js|css)$/);
      assert.equal((await get(url)).status, 200, url);
    }
  });

  it('may be kept for good, the HTML is asked for each time', async () => {
    for (const path of ['/', '/index.html']) {
      const page = await get(path);
      assert.equal(page.headers.get('cache-control'), 'public, no-cache');
      const tag = page.headers.get('etag') ?? '';
      assert.equal((await get(path, { 'if-none-match': tag })).status, 304);
    }
    for (const url of bundles) {
      const bundle = await get(url);
      assert.equal(bundle.headers.get('cache-control'), 'public, max-age=31536000, immutable');
      assert.match(bundle.headers.get('content-type') ?? '', /javascript|css/);
    }
  });

  it('lie there compressed, in what the browser takes', async () => {
    for (const url of bundles) {
      const plain = await get(url, { 'accept-encoding': 'identity' });
      assert.equal(plain.headers.get('content-encoding'), null);
      const text = await plain.text();
      for (const encoding of ['br', 'gzip']) {
        const answer = await get(url, { 'accept-encoding': encoding });
        assert.equal(answer.headers.get('content-encoding'), encoding, url);
        assert.match(answer.headers.get('vary') ?? '', /Accept-Encoding/i);
        assert.equal(answer.headers.get('content-type'), plain.headers.get('content-type'));
        assert.equal(await answer.text(), text, url);
      }
    }
  });

  it('speak to the server by its own client alone', async () => {
    const [script = ''] = bundles.filter((url) => url.includes('/main-') && url.endsWith('.js'));
    const text = await textOf(script);
    assert.match(text, /x-csrf-token/);
    // The client's own two, and the page's that passes options to it.
    assert.ok(text.split('fetch(').length - 1 <= 3);
    assert.doesNotMatch(text, /EventSource|XMLHttpRequest/);
  });

  it('are those of the page alone', async () => {
    const strange = [
      '/assets/main-AAAAAAAA.js',
      '/assets/../package.json',
      '/assets/%2e%2e/package.json',
      '/assets/..%2fpackage.json',
      '/assets/..%2f..%2fpackage.json',
      '/assets/',
      '/main.tsx',
    ];
    for (const path of strange) {
      const answer = await get(path);
      assert.ok(answer.status >= 400 && answer.status < 500, `${path} → ${answer.status}`);
      assert.doesNotMatch(answer.headers.get('cache-control') ?? '', /immutable/);
    }
    assert.equal((await app.call('POST', '/')).status, 405);
  });
});
