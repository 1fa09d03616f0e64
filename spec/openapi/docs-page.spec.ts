import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { startApp, type TestApp } from '../support/app.ts';

describe('the page of documents', () => {
  let app: TestApp;
  let html: string;
  let policy: Map<string, string>;

  before(async () => {
    app = await startApp();
    const { status, body, headers } = await app.call('GET', '/docs');
    assert.equal(status, 200);
    assert.match(headers.get('content-type') ?? '', /^text\/html/);
    html = body;
    policy = new Map(
      (headers.get('content-security-policy') ?? '').split(';').map((part) => {
        const [name = '', ...values] = part.trim().split(' ');
        return [name, values.join(' ')];
      }),
    );
  });
  after(() => app.close());

  it('asks this server alone', () => {
    // Names of XML vocabularies are not asked for.
    const hosts = [...html.matchAll(/(?:https?:)?\/\/[\w.-]+\.\w+/g)]
      .map(([url]) => url)
      .filter((url) => !url.includes('www.w3.org'));
    assert.deepEqual(hosts, []);
    assert.ok(html.includes('"openapi.json"'));
  });

  it('gets all its assets from here, of the right type', async () => {
    const assets = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, url = '']) => url);
    assert.ok(assets.some((url) => url.endsWith('.css')));
    assert.ok(assets.filter((url) => url.endsWith('.js')).length >= 2);
    for (const url of assets) {
      const answer = await fetch(new URL(url, `${app.url}/docs`));
      const { length } = await answer.text();
      assert.equal(answer.status, 200, url);
      assert.ok(length > 100, url);
      const type = answer.headers.get('content-type') ?? '';
      if (url.endsWith('.css')) assert.match(type, /^text\/css/, url);
      if (url.endsWith('.js')) assert.match(type, /javascript/, url);
    }
  });

  it('may run its own script by hash, and no other', () => {
    const allowed = policy.get('script-src') ?? '';
    assert.doesNotMatch(allowed, /unsafe|\*|https?:/);
    const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script = '']) => script);
    assert.ok(scripts.length > 0);
    for (const script of scripts) {
      const hash = createHash('sha256').update(script).digest('base64');
      assert.ok(allowed.includes(`'sha256-${hash}'`), script.slice(0, 200));
    }
    assert.equal(policy.get('default-src'), "'self'");
    assert.equal(policy.get('frame-ancestors'), "'none'");
    assert.doesNotMatch(html, /\son\w+="/, 'no inline handlers: they would be blocked');
  });

  it('leaves the policy of all other pages strict', async () => {
    const { headers } = await app.call('GET', '/');
    assert.doesNotMatch(headers.get('content-security-policy') ?? '', /unsafe|sha256/);
  });
});
