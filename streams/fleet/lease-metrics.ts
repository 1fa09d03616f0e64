import { Counter, Gauge, type Registry } from 'prom-client';
import type { Lease, Leases } from '../core/lease.ts';

/** Leases that are counted, by the first word of their name: a portfolio's name would be a series each. */
export function countedLeases(leases: Leases, registry: Registry): Leases {
  const registers = [registry];
  const held = new Gauge({
    name: 'marktide_leases_held',
    help: 'Leases that this process holds.',
    labelNames: ['kind'],
    registers,
  });
  const acquired = new Counter({
    name: 'marktide_leases_acquired_total',
    help: 'Leases that this process was given.',
    labelNames: ['kind'],
    registers,
  });
  held.set({ kind: 'feed' }, 0);
  return {
    async acquire(name): Promise<Lease | null> {
      const lease = await leases.acquire(name);
      if (lease === null) return null;
      const kind = name.split(':', 1)[0] ?? '';
      acquired.inc({ kind });
      if (lease.signal.aborted) return lease;
      held.inc({ kind });
      lease.signal.addEventListener('abort', () => held.dec({ kind }), { once: true });
      return lease;
    },
    close: () => leases.close(),
  };
}
