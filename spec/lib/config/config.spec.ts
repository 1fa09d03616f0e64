import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, ENVIRONMENT, readConfig } from '../../../lib/config/config.ts';
import { withConfigTable } from '../../../app/config-table.ts';
import { PACKAGE_ROOT } from '../../../lib/process/package-info.ts';

type Checks = Parameters<typeof readConfig>[1];

function complaints(env: Record<string, string>, checks?: Checks): string[] {
  try {
    readConfig(env, checks);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    for (const line of error.lines) assert.ok(error.message.includes(line));
    return error.lines;
  }
  return [];
}

/** The variables complained of. */
function blamed(env: Record<string, string>): string[] {
  return complaints(env)
    .map((line) => line.slice(0, line.indexOf(':')))
    .sort();
}

const SECRET = 'x'.repeat(32);
const FLEET = { DATABASE_URL: 'postgres://localhost/x', JWT_SECRET: SECRET };

describe('the configuration', () => {
  it('needs nothing: every variable has a default or is optional', () => {
    const config = readConfig({});
    assert.equal(config.PORT, 3000);
    assert.equal(config.HOST, '127.0.0.1');
    assert.equal(config.MARKET_FEED, 'simulator');
    assert.equal(config.REPLAY_SPEED, 1);
    assert.equal(config.DATABASE_URL, undefined);
    assert.equal(config.PUBLIC_MARKET, false);
    assert.deepEqual(config.CORS_ORIGINS, []);
  });

  it('takes an empty or blank variable as unset', () => {
    const blank = Object.fromEntries(Object.keys(ENVIRONMENT.shape).map((name) => [name, '']));
    assert.deepEqual(readConfig(blank), readConfig({}));
    assert.equal(readConfig({ PORT: ' ' }).PORT, 3000, 'and not as 0, which Number makes of it');
  });

  it('takes a BASE_PATH that reads the same everywhere, and no other', () => {
    for (const path of ['/marktide', '/tools/marktide', '/~a/b-c_d.e', '/v1'])
      assert.equal(readConfig({ BASE_PATH: path }).BASE_PATH, path);
    const bad = [
      '/',
      'marktide',
      '/marktide/',
      '//x',
      '/a//b',
      '/a/../b',
      '/..',
      '/.a',
      '/a?b',
      '/a#b',
      '/a b',
      '/%61',
    ];
    for (const path of [...bad, '/é', '/a;b', '/healthz', '/metrics', `/${'x'.repeat(200)}`, 'https://x/a'])
      assert.deepEqual(blamed({ BASE_PATH: path }), ['BASE_PATH'], path);
  });

  it('leaves alone what is not its own', () => {
    assert.deepEqual(readConfig({ PATH: '/bin', PORTS: 'x' }), readConfig({}));
  });

  it('reads text as what it stands for', () => {
    const config = readConfig({ PORT: '0', PUBLIC_MARKET: 'true', REPLAY_SPEED: 'max', FEED_SEED: '7' });
    assert.equal(config.PORT, 0);
    assert.equal(config.PUBLIC_MARKET, true);
    assert.equal(config.REPLAY_SPEED, 'max');
    assert.equal(config.FEED_SEED, 7);
    assert.equal(readConfig({ REPLAY_SPEED: '2.5' }).REPLAY_SPEED, 2.5);
  });

  it('counts the proxies that it believes', () => {
    const count = (TRUST_PROXY: string): number => readConfig({ TRUST_PROXY }).TRUST_PROXY;
    assert.deepEqual(['false', '0', 'true', '1', '2', '10'].map(count), [0, 0, 1, 1, 2, 10]);
    assert.equal(readConfig({}).TRUST_PROXY, 0);
    for (const wrong of ['11', '-1', '1.5', 'yes', '127.0.0.1']) {
      assert.deepEqual(blamed({ TRUST_PROXY: wrong }), ['TRUST_PROXY'], wrong);
    }
  });

  it('splits the allowed origins, and takes nothing but origins', () => {
    assert.deepEqual(readConfig({ CORS_ORIGINS: 'https://a.example, http://b.example:8080,' }).CORS_ORIGINS, [
      'https://a.example',
      'http://b.example:8080',
    ]);
    for (const wrong of [
      '*',
      'a.example',
      'https://a.example/',
      'https://a.example/x',
      'https://A.example',
    ]) {
      assert.deepEqual(blamed({ CORS_ORIGINS: wrong }), ['CORS_ORIGINS'], wrong);
    }
  });

  it('reports everything that is wrong at once, each with its name and what was given', () => {
    const env = {
      PORT: '70000',
      LOG_LEVEL: 'loud',
      PUBLIC_MARKET: 'yes',
      STREAM_FLUSH_MS: '-1',
      CORS_ORIGINS: 'example',
      REPLAY_SPEED: 'fast',
      RING_EVENTS: '1.5',
      ADMIN_EMAIL: 'nobody',
    };
    assert.deepEqual(blamed(env), Object.keys(env).sort());
    const lines = complaints(env).join('\n');
    for (const value of Object.values(env)) assert.ok(lines.includes(`(it is "${value}")`), value);
    assert.match(lines, /LOG_LEVEL: .*"info"/, 'what would be right is told');
    assert.match(lines, /PORT: must be a whole number from 0 to 65535 /);
    assert.match(lines, /REPLAY_SPEED: must be a number above 0, or max/);
  });

  for (const [name, good, bad] of [
    ['PORT', ['0', '65535'], ['-1', '65536', 'http']],
    ['REPLAY_SPEED', ['0.1', 'max', '1000000'], ['0', '-1', '1000001']],
    ['DATABASE_POOL', ['1', '200'], ['0', '201']],
    ['DRAIN_MS', ['0', '120000'], ['-1', '120001']],
    [
      'REDIS_URL',
      ['redis://h:1', 'rediss://u:p@h/0'],
      ['http://h', 'localhost:6379', 'redis', 'redis://h/one', 'redis://h/0/1'],
    ],
    ['WEBSOCKET', ['true', 'false'], ['1', 'TRUE', 'on']],
    [
      'ALLOWED_HOSTS',
      ['dash.example.com', 'Dash.example.com, node-a,192.0.2.7,[2001:db8::1]'],
      ['https://dash.example.com', 'dash.example.com:443', '*', 'a/b', 'a@b', '2001:db8::1', 'a b'],
    ],
  ] as const) {
    it(`takes ${name} of ${good.join(' ')}, not of ${bad.join(' ')}`, () => {
      for (const value of good) assert.deepEqual(blamed({ [name]: value }), [], value);
      for (const value of bad) assert.deepEqual(blamed({ [name]: value }), [name], value);
    });
  }

  it('never shows a secret, not even a wrong one', () => {
    const env = {
      JWT_SECRET: 'hush-jwt',
      ADMIN_PASSWORD: 'hush',
      METRICS_TOKEN: 'hush-metrics',
      DATABASE_URL: 'mysql://u:hush-database@h/d',
      REDIS_URL: 'http://u:hush-redis@h',
    };
    assert.deepEqual(blamed(env), Object.keys(env).sort());
    assert.doesNotMatch(complaints(env).join('\n'), /hush/);
  });

  it('shows the value of no variable whose name sounds like a secret', () => {
    const secrets = Object.keys(ENVIRONMENT.shape).filter((name) => /PASS|SECRET|URL|TOKEN$/.test(name));
    assert.ok(secrets.length >= 5, secrets.join());
    for (const name of secrets) {
      assert.doesNotMatch(complaints({ [name]: 'hush!' }).join('\n'), /hush/, name);
    }
  });

  it('asks for JWT_SECRET with DATABASE_URL, along with the other complaints', () => {
    assert.deepEqual(blamed({ DATABASE_URL: 'postgres://localhost/x', PORT: '-1' }), ['JWT_SECRET', 'PORT']);
    assert.deepEqual(blamed({ DATABASE_URL: 'postgresql://localhost/x', JWT_SECRET: '' }), ['JWT_SECRET']);
    assert.deepEqual(blamed(FLEET), []);
    assert.deepEqual(
      blamed({ REDIS_URL: 'redis://h' }),
      [],
      'one node may use Redis with the embedded database',
    );
  });

  it('refuses a check of certificates that the driver does not know: it would make one up', () => {
    const complaint = complaints({ ...FLEET, DATABASE_URL: 'postgres://u:hush@h/d?sslmode=maybe' }).join();
    assert.match(complaint, /^DATABASE_URL: has an sslmode other than disable, no-verify, prefer, /);
    assert.doesNotMatch(complaint, /hush/);
    for (const mode of ['disable', 'require', 'verify-full'])
      assert.deepEqual(complaints({ ...FLEET, DATABASE_URL: `postgres://h/d?sslmode=${mode}` }), []);
  });

  it('lets as many streams catch up as fits the number of streams, unless it is said', () => {
    const numbersOf = (env: Record<string, string>): number[] => {
      const { REPLAYS_PER_USER, REPLAYS_MAX } = readConfig(env);
      return [REPLAYS_PER_USER, REPLAYS_MAX];
    };
    assert.deepEqual(numbersOf({}), [8, 200]);
    assert.deepEqual(numbersOf({ STREAMS_PER_USER: '1', STREAMS_MAX: '1' }), [1, 1]);
    assert.deepEqual(numbersOf({ REPLAYS_PER_USER: '2', REPLAYS_MAX: '3' }), [2, 3]);
  });

  it('has a demo by default where nobody else can reach it: without DATABASE_URL, on loopback, without a proxy', () => {
    assert.equal(readConfig({}).DEMO, true);
    for (const HOST of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1']) {
      assert.equal(readConfig({ HOST }).DEMO, true, HOST);
    }
    for (const HOST of ['0.0.0.0', '::', '192.168.0.7', 'fe80::1', 'server.local', 'localhost.example.com']) {
      assert.equal(readConfig({ HOST }).DEMO, false, HOST);
      assert.equal(readConfig({ HOST, DEMO: 'true' }).DEMO, true, HOST);
    }
    assert.equal(readConfig({ TRUST_PROXY: '1' }).DEMO, false);
    assert.equal(readConfig({ DEMO: 'false' }).DEMO, false);
    assert.equal(readConfig(FLEET).DEMO, false);
    assert.equal(readConfig({ ...FLEET, DEMO: 'true' }).DEMO, true);
  });

  it('runs the checks of those above it on what is set, and tells what they throw along with the rest', () => {
    const seen: string[] = [];
    const checks: Checks = {
      MARKET_FEED: (text) => {
        seen.push(text);
        throw new RangeError('is nothing that can be read');
      },
      DATA_DIR: (text) => void seen.push(text),
    };
    const lines = complaints({ MARKET_FEED: 'tarot', PORT: 'x' }, checks);
    assert.equal(lines.length, 2);
    assert.equal(lines[1], 'MARKET_FEED: is nothing that can be read');
    assert.deepEqual(seen, ['tarot'], 'defaults need no check');
    const defect = new TypeError('a defect');
    const broken = (): void => {
      throw defect;
    };
    assert.throws(() => readConfig({ MARKET_FEED: 'x' }, { MARKET_FEED: broken }), defect);
  });
});

describe("README's table of variables", () => {
  const readme = readFileSync(join(PACKAGE_ROOT, 'README.md'), 'utf8');

  it('is the one that is made from the schema', () => {
    assert.equal(withConfigTable(readme), readme, 'run: npm run generate');
  });

  it('has every variable with a description, and its default', () => {
    for (const [name, schema] of Object.entries(ENVIRONMENT.shape)) {
      assert.ok((schema.description ?? '').length > 10, name);
      assert.match(readme, new RegExp(`^\\| \`${name}\` \\| .* \\| .{10,} \\|$`, 'm'));
    }
    assert.match(readme, /^\| `PORT` \| `3000` \|/m);
    assert.match(readme, /^\| `REDIS_URL` \| {2}\|/m);
  });

  it('replaces what stands between its marks and nothing else', () => {
    const [, before = '', end = '', after = ''] =
      /^([\s\S]*<!-- config table[^\n]*-->)[\s\S]*(<!-- end[^\n]*-->)([\s\S]*)$/.exec(readme) ?? [];
    assert.equal(withConfigTable(`${before}\nold\n${end}${after}`), readme);
    assert.throws(() => withConfigTable('# No marks'), /no markers/);
  });
});
