/** A process of its own: how much memory the limits of a node take after so many addresses. Prints it as JSON. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import Koa from 'koa';
import ratelimit from 'koa-ratelimit';
import { Registry } from 'prom-client';
import { systemClock } from '../../lib/clock.ts';
import { readConfig } from '../../lib/config/config.ts';
import { limitPolicies } from '../../lib/limits/limit-policies.ts';
import { MemoryCounters } from '../../lib/limits/memory-counters.ts';
import { networkOf } from '../../lib/limits/network.ts';
import { type CountedLimit, MAX_KEYS, RateLimits } from '../../lib/limits/rate-limiter.ts';

const addresses = Number(process.argv[2]);
const config = readConfig({});
const limits = new RateLimits({
  policies: limitPolicies(config),
  counters: new MemoryCounters({ clock: systemClock, maxKeys: MAX_KEYS }),
  clock: systemClock,
  registry: new Registry(),
});
const { quota, seconds } = limits.policies.address;
/** As routes/middleware/limits.ts has it. */
let ip = '';
const count = ratelimit({
  driver: 'memory',
  db: limits.addresses,
  max: quota,
  duration: seconds * 1000,
  id: () => networkOf(ip),
  disableHeader: true,
});
const context = new Koa().createContext(
  new IncomingMessage(new Socket()),
  new ServerResponse(new IncomingMessage(new Socket())),
);

/** Each in a network of its own: half of them IPv6. */
function address(n: number): string {
  const [high, low] = [n >>> 16, n & 0xffff];
  return n % 2 === 0
    ? `${10 + (high >>> 8)}.${high & 255}.${low >>> 8}.${low & 255}`
    : `2001:db8:${high.toString(16)}:${low.toString(16)}:89ab:cdef:123:4567`;
}

function heapMiB(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

const before = heapMiB();
let limited = 0;
for (let n = 0; n < addresses; n += 1) {
  ip = address(n);
  await count(context, () => Promise.resolve());
  if (limits.addressVerdict(networkOf(ip)).isOver) limited += 1;
}
// Every other limit full as well, with the longest keys there are: a user's id beside a network.
const others = (Object.keys(limits.policies) as CountedLimit[]).filter(
  (name) => name !== ('address' as string),
);
for (const name of others) {
  for (let n = 0; n < 1.25 * MAX_KEYS; n += 1) {
    await limits.take(name, `0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80 ${networkOf(address(n))}`);
  }
}
const grownMiB = heapMiB() - before;
const { consumers = [] } = limits.report(1_000_000).find(({ policy }) => policy.name === 'address') ?? {};
process.stdout.write(
  JSON.stringify({ grownMiB, limited, followed: consumers.length, policies: others.length + 1 }),
);
