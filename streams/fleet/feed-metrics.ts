import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../../lib/clock.ts';
import type { FeedState } from '../channels/record.ts';
import type { MarketWriter } from '../market/writer/market-writer.ts';
import type { ShownFeedStatus } from '../market/market-feed.ts';

const STATES: readonly FeedState[] = ['starting', 'running', 'retrying', 'silent', 'ended', 'standby'];

/** The feeds of this node as Prometheus sees them. */
export function measureFeeds(
  registry: Registry,
  writer: Pick<MarketWriter, 'statuses' | 'ticks' | 'reconnects' | 'gaps'>,
  clock: Clock,
): void {
  const registers = [registry];
  new Gauge({
    name: 'marktide_feed_state',
    help: '1 for the state that a feed of this process is in, 0 for the others.',
    labelNames: ['feed', 'state'],
    registers,
    collect() {
      for (const { feed, state: now } of writer.statuses())
        for (const state of STATES) this.set({ feed, state }, state === now ? 1 : 0);
    },
  });
  gauge(
    'marktide_feed_last_tick_age_seconds',
    'Since the newest tick that this process took in; NaN before the first, and where another node runs the feed.',
    ({ state, lastTickAt }) =>
      lastTickAt === null || state === 'standby' ? Number.NaN : (clock.now() - lastTickAt) / 1000,
  );
  gauge(
    'marktide_feed_silent',
    '1 while readers are told that a feed of this process gives no prices; 0 also where another node runs it.',
    ({ state, silentSince }) => (silentSince === null || state === 'standby' ? 0 : 1),
  );
  counted('marktide_feed_reconnects_total', 'How many times the feed recovered after a failure.', () =>
    writer.statuses().map(({ feed }) => [feed, writer.reconnects(feed)]),
  );
  gauge(
    'marktide_feed_clock_ahead_seconds',
    'By how much the clock of the source is ahead of this machine; 0 if it is not.',
    ({ aheadMs = 0 }) => aheadMs / 1000,
  );
  counted('marktide_feed_gaps_total', 'Times in which trades of a symbol were missed for good.', () =>
    writer.statuses().map(({ feed }) => [feed, writer.gaps(feed)]),
  );
  counted('marktide_feed_ticks_total', 'Ticks that this process received, including pushed ones.', () =>
    writer.ticks.entries(),
  );

  function gauge(name: string, help: string, read: (status: ShownFeedStatus) => number): void {
    new Gauge({
      name,
      help,
      labelNames: ['feed'],
      registers,
      collect() {
        for (const status of writer.statuses()) this.set({ feed: status.feed }, read(status));
      },
    });
  }

  function counted(name: string, help: string, read: () => Iterable<[feed: string, count: number]>): void {
    new Counter({
      name,
      help,
      labelNames: ['feed'],
      registers,
      collect() {
        this.reset();
        for (const [feed, count] of read()) this.inc({ feed }, count);
      },
    });
  }
}
