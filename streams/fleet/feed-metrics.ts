import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../../lib/clock.ts';
import type { MarketWriter } from '../market/market-writer.ts';
import type { FeedState } from '../market/tick.ts';

const STATES: readonly FeedState[] = ['starting', 'running', 'retrying', 'silent', 'ended', 'standby'];

/** The feed of this node as Prometheus sees it. @param feed a short name */
export function measureFeed(
  registry: Registry,
  feed: string,
  writer: Pick<MarketWriter, 'status' | 'feedReconnects'>,
  clock: Clock,
): void {
  const registers = [registry];
  new Gauge({
    name: 'marktide_feed_state',
    help: '1 for the state that the feed of this process is in, 0 for the others.',
    labelNames: ['feed', 'state'],
    registers,
    collect() {
      const now = writer.status().state;
      for (const state of STATES) this.set({ feed, state }, state === now ? 1 : 0);
    },
  });
  new Gauge({
    name: 'marktide_feed_last_tick_age_seconds',
    help: 'Since the newest tick that this process took in; NaN before the first, and where another node runs the feed.',
    labelNames: ['feed'],
    registers,
    collect() {
      const { state, lastTickAt } = writer.status();
      const isKnown = lastTickAt !== null && state !== 'standby';
      this.set({ feed }, isKnown ? (clock.now() - lastTickAt) / 1000 : Number.NaN);
    },
  });
  counted(
    'marktide_feed_reconnects_total',
    'Times that the feed was live again after it had failed.',
    () => writer.feedReconnects,
  );
  counted(
    'marktide_feed_ticks_total',
    'Ticks that this process took in, pushed ones included.',
    () => writer.status().ticks,
  );

  function counted(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      labelNames: ['feed'],
      registers,
      collect() {
        this.reset();
        this.inc({ feed }, read());
      },
    });
  }
}
