import { Gauge, type Registry } from 'prom-client';
import type { Database } from './database.ts';
import { databaseHealth } from './database-health.ts';

/** What is read of knex's pool (tarn). */
interface Pool {
  numUsed(): number;
  numFree(): number;
  numPendingAcquires(): number;
}

/** The database as Prometheus sees it: whether it answers, and how much of the pool is in use. */
export function measurePool(registry: Registry, db: Database): void {
  const registers = [registry];
  const { pool } = db.client as { pool: Pool };
  new Gauge({
    name: 'marktide_database_ready',
    help: '1 while the database answers.',
    registers,
    async collect() {
      this.set((await databaseHealth(db)).ready ? 1 : 0);
    },
  });
  new Gauge({
    name: 'marktide_database_connections',
    help: 'Connections of the pool, by what they do.',
    labelNames: ['state'],
    registers,
    collect() {
      this.set({ state: 'used' }, pool.numUsed());
      this.set({ state: 'free' }, pool.numFree());
    },
  });
  new Gauge({
    name: 'marktide_database_connections_waited_for',
    help: 'Queries that wait for a connection of the pool.',
    registers,
    collect() {
      this.set(pool.numPendingAcquires());
    },
  });
}
