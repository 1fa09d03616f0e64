import assert from 'node:assert/strict';
import { FeedHealth } from '../../../../streams/market/writer/feed-health.ts';
import type { FeedState } from '../../../../streams/channels/record.ts';
import type { FeedStatus } from '../../../../streams/market/market-feed.ts';
import { watchedLogger } from '../../../support/log-watch.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

describe('the health of the feed', () => {
  let clock: VirtualClock;
  let told: FeedStatus;
  let logged: { level: number; msg: string; previous: string; detail: string | null }[];

  beforeEach(() => {
    clock = new VirtualClock();
    told = { feed: 'hand', state: 'starting', detail: null, lastTickAt: null, ticks: 0 };
    logged = [];
  });

  function open(expectsTicks = true): FeedHealth {
    const log = watchedLogger((line) => {
      const { level, msg, previous, detail } = JSON.parse(line);
      logged.push({ level, msg, previous, detail });
    });
    return new FeedHealth({ read: () => told, expectsTicks, clock, log });
  }

  function tell(health: FeedHealth, state: FeedState, detail: string | null = null): void {
    told = { ...told, state, detail };
    health.look();
  }

  async function ticks(health: FeedHealth, count: number, everyMs: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      await clock.advance(everyMs);
      health.arrived();
    }
  }

  it('logs each change once, with its reason, however often it is looked at', async () => {
    const health = open();
    health.look();
    for (const reason of ['no route', 'no route', 'refused']) tell(health, 'retrying', reason);
    const failedAt = clock.now();
    await clock.advance(5_000);
    assert.deepEqual(
      { state: health.look().state, since: health.look().since, detail: health.look().detail },
      { state: 'retrying', since: failedAt, detail: 'refused' },
    );
    tell(health, 'running');
    tell(health, 'running');
    tell(health, 'ended');
    assert.deepEqual(
      logged.map(({ level, msg, previous, detail }) => [level, msg, previous, detail]),
      [
        [40, 'the feed has failed and is retrying', 'starting', 'no route'],
        [30, 'the feed is live', 'retrying', null],
        [30, 'the feed has ended', 'running', null],
      ],
    );
  });

  it('counts how often the feed came back', () => {
    const health = open();
    tell(health, 'running');
    assert.equal(health.reconnects, 0);
    for (const state of ['retrying', 'running', 'retrying', 'retrying', 'running'] as const)
      tell(health, state);
    assert.equal(health.reconnects, 2);
    tell(health, 'retrying');
    tell(health, 'standby');
    tell(health, 'running');
    assert.equal(health.reconnects, 2, 'another node had it meanwhile');
  });

  it('calls a feed silent that has sent nothing for a minute, until the next tick', async () => {
    const health = open();
    tell(health, 'running');
    await ticks(health, 10, 1_000);
    const last = new Date(clock.now()).toISOString();
    await clock.advance(60_000);
    assert.equal(health.look().state, 'running');
    await clock.advance(1);
    const { state, since, detail } = health.look();
    assert.deepEqual(
      { state, since, detail },
      { state: 'silent', since: clock.now(), detail: `no tick since ${last}` },
    );
    health.arrived();
    assert.equal(health.look().state, 'running');
    assert.equal(health.reconnects, 0);
    assert.deepEqual(
      logged.map(({ level, msg }) => [level, msg]),
      [
        [30, 'the feed is live'],
        [40, 'the feed is silent'],
        [30, 'the feed is live'],
      ],
    );
  });

  it('gives a slow feed 20 times its usual interval', async () => {
    const health = open();
    tell(health, 'running');
    await ticks(health, 30, 10_000);
    await clock.advance(200_000);
    assert.equal(health.look().state, 'running');
    await clock.advance(1);
    assert.equal(health.look().state, 'silent');
  });

  it('takes ticks that come together as one arrival', async () => {
    const health = open();
    tell(health, 'running');
    for (let round = 0; round < 30; round += 1) {
      await ticks(health, 1, 10_000);
      for (let more = 0; more < 100; more += 1) health.arrived();
    }
    await clock.advance(200_000);
    assert.equal(health.look().state, 'running');
  });

  it('calls a feed silent that never began, and not one that has only just come back', async () => {
    const health = open();
    await clock.advance(60_001);
    assert.equal(health.look().detail, 'no tick has come yet');
    tell(health, 'retrying', 'no route');
    await clock.advance(600_000);
    assert.equal(health.look().state, 'retrying');
    tell(health, 'running');
    assert.equal(health.look().state, 'running');
  });

  it('expects nothing of a feed that others push into', async () => {
    const health = open(false);
    tell(health, 'running');
    await clock.advance(86_400_000);
    assert.equal(health.look().state, 'running');
  });

  it('counts as silent for readers when it has failed for ten seconds, since its last tick, until the next', async () => {
    const health = open();
    tell(health, 'running');
    await ticks(health, 3, 1_000);
    const last = clock.now();
    tell(health, 'retrying', 'no route');
    await clock.advance(9_999);
    assert.equal(health.look().silentSince, null);
    await clock.advance(1);
    assert.equal(health.look().silentSince, last);
    tell(health, 'running');
    assert.equal(health.look().silentSince, last, 'connected, but there is no price');
    health.arrived();
    assert.equal(health.look().silentSince, null);
  });

  it('goes on with a silence that another node has told of', async () => {
    const health = open();
    health.inherit({ silentSince: 5, lastTickAt: 5 });
    assert.deepEqual([health.look().silentSince, health.look().lastTickAt], [5, 5]);
    tell(health, 'running');
    assert.equal(health.look().silentSince, 5);
    health.arrived();
    assert.equal(health.look().silentSince, null);
  });
});
