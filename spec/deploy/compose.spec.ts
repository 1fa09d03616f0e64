import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ENVIRONMENT, readConfig } from '../../lib/config/config.ts';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { API } from '../../openapi/documents.ts';
import { freePort } from '../support/free-port.ts';
import { redisAvailable } from '../support/redis-server.ts';

interface Service {
  image: string;
  user?: string;
  command?: string[];
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  pids_limit?: number;
  mem_limit?: string;
  tmpfs?: string[];
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
    return value.replace(/\$\$|\$\{(\w+)(?::([-?])([^}]*))?\}/g, (all, name = '', how = '', rest = '') => {
      if (all === '$$') return '$';
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

const SECRETS = { JWT_SECRET: 's'.repeat(32), POSTGRES_PASSWORD: 'swordfish', REDIS_PASSWORD: 'sesame' };

/** Of sizes such as `1g`. */
function megabytes(size = ''): number {
  const [, count, unit = ''] = /^(\d+)([mg])b?$/i.exec(size) ?? [];
  assert.ok(count !== undefined, size);
  return Number(count) * (unit.toLowerCase() === 'g' ? 1_024 : 1);
}

describe('compose.yaml', () => {
  const { services, volumes, networks } = compose(SECRETS);
  const nodes = Object.entries(services).filter(([, { image }]) => image === 'marktide');

  it('has no secret of its own: it says what is missing', () => {
    assert.throws(() => compose({}), /POSTGRES_PASSWORD: set a password/);
    assert.throws(() => compose({ POSTGRES_PASSWORD: 'x' }), /REDIS_PASSWORD: set a password/);
    const passwords = { POSTGRES_PASSWORD: 'x', REDIS_PASSWORD: 'y' };
    assert.throws(() => compose(passwords), /JWT_SECRET: set at least 32 characters/);
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
      const redis = new URL(config.REDIS_URL ?? '');
      assert.ok(redis.hostname in services);
      assert.equal(redis.password, services['redis']?.environment?.['REDISCLI_AUTH']);
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

  it('lets no service run as root, gain rights, fill the memory or write elsewhere than it must', () => {
    for (const [name, service] of Object.entries(services)) {
      const { read_only, cap_drop, security_opt, pids_limit = 0, user = 'root' } = service;
      assert.deepEqual(
        { read_only, cap_drop, security_opt },
        { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
        name,
      );
      assert.doesNotMatch(user, /^(?:root|0)\b/, name);
      assert.ok(pids_limit > 0 && megabytes(service.mem_limit) > 0, name);
      assert.ok(service.tmpfs?.includes('/tmp'), name);
    }
    for (const [, { user }] of nodes) assert.match(read('Dockerfile'), new RegExp(`^USER ${user}$`, 'm'));
    const buffers = /shared_buffers=(\w+)/.exec(services['postgres']?.command?.join(' ') ?? '')?.[1];
    assert.ok(megabytes(buffers) <= megabytes(services['postgres']?.mem_limit) / 4);
    const kept = /^maxmemory (\w+)$/m.exec(services['redis']?.command?.at(-1) ?? '')?.[1];
    assert.ok(megabytes(kept) < megabytes(services['redis']?.mem_limit));
    const waiting = /size=(\w+)/.exec(services['proxy']?.tmpfs?.[0] ?? '')?.[1];
    assert.ok(megabytes(waiting) < megabytes(services['proxy']?.mem_limit));
  });

  (redisAvailable() ? it : it.skip)(
    'has a Redis that asks for its password, which no argument shows',
    async () => {
      const { command = [], environment = {}, healthcheck } = services['redis'] ?? {};
      const folder = mkdtempSync(join(tmpdir(), 'marktide-compose-'));
      const port = await freePort();
      const [program = '', flag = '', script = ''] = command;
      const lines = script.replace('<<END\n', `<<END\nport ${port}\ndir ${folder}\n`);
      assert.notEqual(lines, script);
      const env = { PATH: process.env['PATH'], ...environment };
      const server = spawn(program, [flag, lines], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(server, 'exit');
      try {
        let said = '';
        for await (const chunk of server.stdout.setEncoding('utf8')) {
          said += String(chunk);
          if (said.includes('Ready to accept connections')) break;
        }
        const shell = (text: string, auth: string): string =>
          spawnSync('sh', ['-c', text.replaceAll('redis-cli', `redis-cli -p ${port}`)], {
            env: { ...env, REDISCLI_AUTH: auth },
            encoding: 'utf8',
          }).stdout.trim();
        assert.match(shell('redis-cli get x', ''), /^NOAUTH/);
        assert.equal(
          shell('redis-cli config get maxmemory-policy | tail -1', SECRETS.REDIS_PASSWORD),
          'noeviction',
        );
        assert.equal(shell('redis-cli config get appendonly | tail -1', SECRETS.REDIS_PASSWORD), 'yes');
        const [kind, check = ''] = healthcheck?.test ?? [];
        assert.equal(kind, 'CMD-SHELL');
        const statusOf = (auth: string): string => shell(`${check}; echo $?`, auth);
        assert.deepEqual([statusOf(SECRETS.REDIS_PASSWORD), statusOf('wrong')], ['0', '1']);
        const { stdout } = spawnSync('ps', ['-o', 'args=', '-p', String(server.pid)], { encoding: 'utf8' });
        assert.match(stdout, /redis-server/, 'it has taken the place of the shell, and gets the signals');
        assert.ok(!stdout.includes(SECRETS.REDIS_PASSWORD), stdout);
      } finally {
        server.kill('SIGTERM');
        await ended;
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );

  it('mounts the example, whose nodes and ports are those that run', () => {
    const proxy = services['proxy'];
    const mounts = (proxy?.volumes ?? []).map((mount) => mount.split(':'));
    assert.deepEqual(mounts, [
      ['./deploy/nginx', '/etc/nginx/marktide', 'ro'],
      ['./deploy/nginx/http.conf', '/etc/nginx/conf.d/default.conf', 'ro'],
    ]);
    for (const [source = ''] of mounts) assert.ok(existsSync(join(PACKAGE_ROOT, source)));
    const nginx = ['nodes', 'http'].map((name) => read(`deploy/nginx/${name}.conf`)).join('');
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
