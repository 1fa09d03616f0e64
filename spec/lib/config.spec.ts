import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ConfigError, ENVIRONMENT, readConfig } from '../../lib/config.ts';
import { withConfigTable } from '../../lib/config-table.ts';

function complaints(env: Record<string, string>): string[] {
  try {
    readConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.lines;
  }
  return [];
}

describe('the configuration', () => {
  it('needs nothing: every variable has a default or is optional', () => {
    const config = readConfig({});
    assert.equal(config.PORT, 3000);
    assert.equal(config.MARKET_FEED, 'simulator');
    assert.equal(config.DEMO, true);
  });

  it('reports everything that is wrong at once, each with its name', () => {
    const lines = complaints({
      PORT: 'x',
      LOG_LEVEL: 'loud',
      PUBLIC_MARKET: 'yes',
      STREAM_FLUSH_MS: '-1',
      CORS_ORIGINS: 'example',
    });
    assert.deepEqual(lines.map((line) => line.split(':')[0]).sort(), [
      'CORS_ORIGINS',
      'LOG_LEVEL',
      'PORT',
      'PUBLIC_MARKET',
      'STREAM_FLUSH_MS',
    ]);
    assert.ok(
      lines.some((line) => line.includes('"loud"')),
      'what was given is shown',
    );
  });

  it('never shows a secret, not even a wrong one', () => {
    const lines = complaints({
      JWT_SECRET: 'too-short',
      ADMIN_PASSWORD: 'short',
      DATABASE_URL: 'mysql://u:pw@h/d',
      REDIS_URL: 'x:y',
    });
    assert.equal(lines.length, 4);
    for (const secret of ['too-short', '"short"', 'pw@', 'x:y'])
      assert.ok(!lines.join('\n').includes(secret), secret);
  });

  it('asks for JWT_SECRET with DATABASE_URL, along with the other complaints', () => {
    const lines = complaints({ DATABASE_URL: 'postgres://localhost/x', PORT: '-1' });
    assert.equal(lines.length, 2);
    assert.ok(lines.some((line) => line.startsWith('JWT_SECRET')));
  });

  it('has no demo by default where there is a real database', () => {
    const env = { DATABASE_URL: 'postgres://localhost/x', JWT_SECRET: 'x'.repeat(32) };
    assert.equal(readConfig(env).DEMO, false);
    assert.equal(readConfig({ ...env, DEMO: 'true' }).DEMO, true);
  });

  it('takes an empty variable as unset', () => {
    assert.equal(readConfig({ PORT: '', REDIS_URL: '' }).PORT, 3000);
  });

  it('splits the allowed origins', () => {
    assert.deepEqual(readConfig({ CORS_ORIGINS: 'https://a.example, http://b.example:8080' }).CORS_ORIGINS, [
      'https://a.example',
      'http://b.example:8080',
    ]);
  });

  it('documents every variable, and README has the table as it is', () => {
    for (const [name, schema] of Object.entries(ENVIRONMENT.shape)) assert.ok(schema.description, name);
    const readme = readFileSync('README.md', 'utf8');
    assert.equal(withConfigTable(readme), readme, 'run: npm run docs');
  });
});
