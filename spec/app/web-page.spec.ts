import assert from 'node:assert/strict';
import { startApp, type TestApp } from '../support/app.ts';

describe('the files of the page', () => {
  let app: TestApp;
  let html: string;
  let version: string;

  before(async () => {
    app = await startApp();
    html = (await app.call('GET', '/')).body;
    version = /\/assets\/([\w-]+)\//.exec(html)?.[1] ?? assert.fail(html);
  });
  after(() => app.close());

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(app.url + path, { headers });

  it('are named in the HTML by their version, modules all at once', async () => {
    const urls = [...html.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(([, url = '']) => url);
    const assets = urls.filter((url) => /\.(js|css)$/.test(url));
    assert.ok(assets.length > 20);
    for (const url of assets) assert.ok(url.startsWith(`/assets/${version}/`), url);
    assert.ok(assets.includes(`/assets/${version}/vendor/uPlot.esm.js`));
    for (const url of new Set(assets)) assert.equal((await get(url)).status, 200, url);
  });

  it('may be kept for good, the HTML is asked for each time', async () => {
    const page = await get('/');
    assert.equal(page.headers.get('cache-control'), 'public, no-cache');
    const tag = page.headers.get('etag') ?? '';
    assert.equal((await get('/', { 'if-none-match': tag })).status, 304);
    const script = await get(`/assets/${version}/js/main.js`);
    assert.equal(script.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.match(script.headers.get('content-type') ?? '', /javascript/);
  });

  it('of another version are served, but not to be kept', async () => {
    const script = await get('/assets/of-some-other-day/js/main.js');
    assert.deepEqual([script.status, script.headers.get('cache-control')], [200, 'no-store']);
    assert.equal((await get('/js/main.js')).headers.get('cache-control'), 'public, no-cache');
  });

  it('travel compressed', async () => {
    for (const path of ['/', `/assets/${version}/vendor/uPlot.esm.js`, `/assets/${version}/css/page.css`]) {
      const answer = await get(path, { 'accept-encoding': 'gzip' });
      assert.equal(answer.headers.get('content-encoding'), 'gzip', path);
    }
  });

  it('are those of the page alone', async () => {
    const strange = [
      `/assets/${version}/js/none.js`,
      `/assets/${version}/../package.json`,
      `/assets/${version}/%2e%2e/package.json`,
      `/assets/${version}/..%2fpackage.json`,
      '/vendor/../package.json',
      '/vendor/..%2fpackage.json',
      '/assets/',
      `/assets/${version}/js/`,
    ];
    for (const path of strange) {
      const answer = await get(path);
      assert.ok(answer.status >= 400 && answer.status < 500, `${path} → ${answer.status}`);
      assert.doesNotMatch(answer.headers.get('cache-control') ?? '', /immutable/);
    }
    assert.equal((await app.call('POST', '/')).status, 405);
  });
});
