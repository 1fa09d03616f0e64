import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ENVIRONMENT, readConfig } from '../../lib/config.ts';
import { PACKAGE_ROOT } from '../../lib/package-info.ts';
import { API } from '../../openapi/documents.ts';

interface Service {
  image: string;
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }> | string[];
  healthcheck?: { test: string[] };
  stop_grace_period?: string;
  ports?: string[];
  volumes?: string[];
  networks?: { default: { ipv4_address: string } };
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  networks: { default: { ipam: { config: { subnet: string }[] } } };
}

const read = (path: string): string => readFileSync(join(PACKAGE_ROOT, path), 'utf8');

/** As `docker compose config` fills them in, once the file is parsed; one that must be set is an error without it. */
function interpolate(value: unknown, variables: Record<string, string>): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_all, name: string, how: string, rest = '') => {
      const given = variables[name] ?? '';
      if (given === '' && how === '?') throw new Error(`${name}: ${rest}`);
      return given || String(rest);
    });
  }
  if (Array.isArray(value)) return value.map((each) => interpolate(each, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, interpolate(each, variables)]));
}

function compose(variables: Record<string, string>): Compose {
  return interpolate(parse(read('compose.yaml'), { merge: true }), variables) as Compose;
}

const SECRETS = { JWT_SECRET: 's'.repeat(32), POSTGRES_PASSWORD: 'swordfish' };

describe('compose.yaml', () => {
  const { services, volumes, networks } = compose(SECRETS);
  const nodes = Object.entries(services).filter(([, { image }]) => image === 'marktide');

  it('has no secret of its own: it says what is missing', () => {
    assert.throws(() => compose({}), /POSTGRES_PASSWORD: set a password/);
    assert.throws(() => compose({ POSTGRES_PASSWORD: 'x' }), /JWT_SECRET: set at least 32 characters/);
  });

  it('gives its two nodes an environment that they take', () => {
    assert.equal(nodes.length, 2);
    for (const [, { environment = {} }] of nodes) {
      for (const name of Object.keys(environment)) assert.ok(name in ENVIRONMENT.shape, `${name} is unknown`);
      const config = readConfig(environment);
      assert.equal(config.TRUST_PROXY, 1);
      const { username, password, hostname, port, pathname } = new URL(config.DATABASE_URL ?? '');
      const postgres = services['postgres']?.environment;
      assert.deepEqual(
        { POSTGRES_USER: username, POSTGRES_PASSWORD: password, POSTGRES_DB: pathname.slice(1) },
        postgres,
      );
      assert.deepEqual([hostname, port], ['postgres', '5432']);
      assert.ok(new URL(config.REDIS_URL ?? '').hostname in services);
    }
  });

  it('waits for what there is, and asks paths that are served', () => {
    for (const [name, { depends_on: needs = [], healthcheck }] of Object.entries(services)) {
      for (const [other, condition] of Array.isArray(needs)
        ? needs.map((each) => [each, null] as const)
        : Object.entries(needs)) {
        assert.ok(other in services, `${name} needs ${other}`);
        if (condition !== null) assert.ok(services[other]?.healthcheck, `${other} cannot become healthy`);
      }
      const url = healthcheck?.test.find((part) => part.startsWith('http'));
      if (url === undefined) continue;
      assert.equal(new URL(url).port, '3000');
      assert.ok(API.some(({ method, path }) => method === 'get' && path === new URL(url).pathname));
    }
  });

  it('gives a node the time to drain', () => {
    const { DRAIN_MS, SHUTDOWN_DELAY_MS } = readConfig({});
    for (const [, { stop_grace_period: grace = '' }] of nodes) {
      assert.match(grace, /^\d+s$/);
      assert.ok(Number.parseInt(grace, 10) * 1_000 > SHUTDOWN_DELAY_MS + DRAIN_MS + 5_000 + 2_000);
    }
  });

  it('mounts the example, whose nodes and ports are those that run', () => {
    const proxy = services['proxy'];
    const [source = '', target = '', mode] = (proxy?.volumes?.[0] ?? '').split(':');
    assert.equal(source, './deploy/nginx.conf');
    assert.ok(existsSync(join(PACKAGE_ROOT, source)));
    assert.deepEqual([target, mode], ['/etc/nginx/conf.d/default.conf', 'ro']);
    const nginx = read(source);
    const wanted = nodes.map(([name]) => `${name}:3000`);
    const servers = [...nginx.matchAll(/^ +server (\S+)/gm)].map(([, server]) => server);
    assert.deepEqual(servers, [...wanted, ...wanted]);
    assert.match(read('Dockerfile'), /PORT=3000/);
    assert.equal(/listen (\d+);/.exec(nginx)?.[1], proxy?.ports?.[0]?.split(':').at(-1));
    const { scrape_configs: jobs } = parse(read('deploy/prometheus.yml')) as {
      scrape_configs: { metrics_path: string; static_configs: { targets: string[] }[] }[];
    };
    assert.deepEqual(
      jobs.map((job) => [job.metrics_path, job.static_configs[0]?.targets]),
      [['/metrics', wanted]],
    );
  });

  it('keeps data in volumes it declares, and the addresses of nodes in its own network', () => {
    const named = Object.values(services)
      .flatMap(({ volumes: mounts = [] }) => mounts.map((mount) => mount.split(':')[0] ?? ''))
      .filter((name) => !name.startsWith('.'));
    assert.deepEqual(named.sort(), Object.keys(volumes).sort());
    const [subnet = ''] = networks.default.ipam.config.map((config) => config.subnet.replace('0/24', ''));
    const addresses = nodes.map(([, node]) => node.networks?.default.ipv4_address ?? '');
    assert.equal(new Set(addresses).size, 2);
    for (const address of addresses) assert.ok(address.startsWith(subnet));
  });
});
