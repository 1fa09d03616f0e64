import type { Redis } from 'ioredis';
import { BrokerUnavailableError, type LogListener, type Subscription } from '../core/broker.ts';
import { LogFollower } from './log-follower.ts';
import { contact, patientRedis, setCommandTimeout } from './redis-connection.ts';
import type { RedisBrokerSettings, RedisRing } from './redis-ring.ts';
import { decodeBatch } from './redis-wire.ts';

/** Logs of one head check round trip, and of one SUBSCRIBE: a bound on how long Redis is kept busy. */
const HEADS_AT_ONCE = 500;
const READS_AT_ONCE = 32;

interface Entry {
  follower: LogFollower;
  opened: Promise<void>;
  /** Subscriptions, those still waiting for `opened` among them. */
  holders: number;
}

/**
 * Live delivery: one patient connection, one Redis subscription per watched log. Redis' pub/sub is at most once, so
 * after each reconnect and every `headCheckMs` all positions are compared with the heads.
 */
export class RedisSubscriber {
  readonly #options: RedisBrokerSettings;
  readonly #ring: RedisRing;
  readonly #client: Redis;
  readonly #entries = new Map<string, Entry>();
  readonly #byChannel = new Map<string, LogFollower>();
  /** Whether every channel is subscribed on the current connection. */
  #listening = false;
  /** Grows with each loss of a connection: a check that began before it proves nothing after it. */
  #losses = 0;
  #checking: Promise<void> | null = null;
  #checkAgain = false;
  #cancelTimer: () => void = () => undefined;
  #closed = false;

  constructor(options: RedisBrokerSettings, ring: RedisRing) {
    this.#options = options;
    this.#ring = ring;
    this.#client = patientRedis(options.url, { ...options, name: 'marktide-live' });
    this.#client.on('messageBuffer', (channel: Buffer, message: Buffer) => {
      const follower = this.#byChannel.get(channel.toString());
      const batch = follower && decodeBatch(message);
      if (batch) follower.receive(batch);
    });
    this.#client.on('ready', () => void this.#listen());
    this.#client.on('close', () => {
      this.#listening = false;
      this.lost();
    });
    this.#schedule();
  }

  /** The node has started: see `startTimeoutMs`. */
  started(): void {
    setCommandTimeout(this.#client, this.#options.commandTimeoutMs);
  }

  /** A connection is lost, or writes are refused: nothing is certain until positions are verified again. */
  lost(): void {
    this.#losses += 1;
    for (const { follower } of this.#entries.values()) follower.setAway();
  }

  async subscribe(log: string, listener: LogListener): Promise<Subscription> {
    const entry = this.#entries.get(log) ?? this.#enter(log);
    entry.holders += 1;
    try {
      await entry.opened;
      // A position from before an outage may lie in an epoch that has ended since.
      if (entry.follower.away) await this.#verify([entry.follower], this.#losses);
      if (this.#closed) throw new BrokerUnavailableError(new Error('the broker is closed'));
    } catch (error) {
      void this.#leave(log, entry);
      throw error;
    }
    // A wrapper, so that the same listener object may subscribe twice.
    const own: LogListener = {
      events: (epoch, events) => listener.events(epoch, events),
      reset: (position, reason) => listener.reset(position, reason),
      condition: (state) => listener.condition(state),
    };
    const position = entry.follower.add(own);
    if (entry.follower.away) own.condition('away');
    let open = true;
    const close = async (): Promise<void> => {
      if (!open) return;
      open = false;
      entry.follower.remove(own);
      await this.#leave(log, entry);
    };
    return { position, close };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer();
    for (const { follower } of this.#entries.values()) follower.close();
    this.#entries.clear();
    this.#byChannel.clear();
    this.#client.disconnect();
    await this.#checking;
  }

  #enter(log: string): Entry {
    const follower = new LogFollower(log, this.#ring, this.#options.log);
    const entry: Entry = { follower, opened: this.#open(follower), holders: 0 };
    this.#entries.set(log, entry);
    this.#byChannel.set(this.#ring.channel(log), follower);
    return entry;
  }

  async #open(follower: LogFollower): Promise<void> {
    try {
      await contact(this.#client, this.#options.clock);
      await this.#client.subscribe(this.#ring.channel(follower.log));
    } catch (error) {
      throw new BrokerUnavailableError(error);
    }
    follower.open(await this.#ring.head(follower.log));
    if (this.#ring.isRefusing) follower.setAway();
  }

  async #leave(log: string, entry: Entry): Promise<void> {
    entry.holders -= 1;
    if (entry.holders > 0 || this.#entries.get(log) !== entry) return;
    const channel = this.#ring.channel(log);
    this.#entries.delete(log);
    this.#byChannel.delete(channel);
    entry.follower.close();
    // If it cannot be sent, the connection is lost and with it the subscription.
    if (this.#client.status === 'ready') await this.#client.unsubscribe(channel).catch(() => undefined);
  }

  /** On every new connection: all channels again, then a check of what was missed meanwhile. */
  async #listen(): Promise<void> {
    try {
      for (const channels of chunks([...this.#byChannel.keys()], HEADS_AT_ONCE))
        await this.#client.subscribe(...channels);
    } catch {
      if (this.#client.status === 'ready') this.#client.disconnect(true);
      return;
    }
    if (this.#client.status !== 'ready') return;
    this.#listening = true;
    this.#check();
  }

  #schedule(): void {
    this.#cancelTimer = this.#options.clock.after(this.#options.headCheckMs ?? 1000, () => this.#check());
  }

  #check(): void {
    if (this.#closed) return;
    if (this.#checking) {
      this.#checkAgain = true;
      return;
    }
    this.#cancelTimer();
    this.#checking = this.#checkHeads().finally(() => {
      this.#checking = null;
      if (this.#closed) return;
      if (this.#checkAgain) {
        this.#checkAgain = false;
        this.#check();
      } else this.#schedule();
    });
  }

  async #checkHeads(): Promise<void> {
    if (!this.#listening) return;
    const losses = this.#losses;
    try {
      // What cannot be published is late, although everything published has been delivered.
      await this.#ring.checkWrites();
      const opened = [...this.#entries.values()]
        .map(({ follower }) => follower)
        .filter((follower) => follower.isOpen);
      for (const followers of chunks(opened, HEADS_AT_ONCE)) {
        const heads = await this.#ring.heads(followers.map(({ log }) => log));
        const behind: LogFollower[] = [];
        followers.forEach((follower, i) => {
          if (!follower.isAt(heads[i] ?? null)) behind.push(follower);
          else if (losses === this.#losses) follower.setBack();
        });
        for (const some of chunks(behind, READS_AT_ONCE)) await this.#verify(some, losses);
      }
    } catch (error) {
      if (!(error instanceof BrokerUnavailableError))
        this.#options.log.error({ err: error }, 'the head check failed');
      for (const { follower } of this.#entries.values()) follower.setAway();
    }
  }

  async #verify(followers: readonly LogFollower[], losses: number): Promise<void> {
    await Promise.all(followers.map((follower) => follower.catchUp()));
    if (losses !== this.#losses || !this.#listening || this.#ring.isRefusing) return;
    for (const follower of followers) follower.setBack();
  }
}

function* chunks<Item>(items: readonly Item[], size: number): Generator<Item[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
}
