import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Clock, Random } from '../../lib/clock.ts';
import { RepeatedLog } from '../../lib/logging/repeated-log.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import {
  BrokerUnavailableError,
  FencedError,
  type GenerationOf,
  OutdatedError,
  SequenceGapError,
  type LogBounds,
  type LogEvent,
  type LogState,
  type Payload,
  type Position,
  type PublishOptions,
} from '../core/broker.ts';
import { newEpoch } from '../core/cursor.ts';
import { contact, fastRedis, setCommandTimeout } from './redis-connection.ts';
import { runScript, SCRIPTS, type Script } from './redis-scripts.ts';
import { decodeEntries, decodeState, list, texts } from './redis-wire.ts';

export interface RedisBrokerOptions {
  /** `redis://…` or `rediss://…` */
  url: string;
  /** Begins every key and every pub/sub channel. Default `marktide:`. */
  prefix?: string;
  /** Default: the machine's. */
  clock?: Clock;
  /** Default: `Math.random`. */
  random?: Random;
  /** Default: `DEFAULT_BOUNDS` for every log. The same on every process. */
  bounds?: (log: string) => LogBounds;
  /** Default: 0 for every log. */
  generationOf?: GenerationOf;
  /** Default: JSON lines on stdout, from `warn` up. */
  log?: Logger;
  /** How often delivered positions are compared with the heads in Redis. Default 1000. */
  headCheckMs?: number;
  /** Default 1000. */
  commandTimeoutMs?: number;
  /** The same until `started`: a starting node waits longer for a slow Redis. */
  startTimeoutMs?: number;
}

export type RedisBrokerSettings = RedisBrokerOptions &
  Required<Pick<RedisBrokerOptions, 'clock' | 'random' | 'bounds' | 'generationOf' | 'log'>>;

export interface RingPage {
  status: 'ok' | 'epoch' | 'ahead' | 'expired';
  /** The log's current epoch and head. */
  head: Position;
  events: LogEvent[];
}

/** Answers of a server that takes no writes: full, a replica, unable to save, starting, busy. */
const REFUSAL = /^-?(OOM|READONLY|MISCONF|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|LOADING|BUSY)\b/;
/** How long the key of a write check stays. */
const CHECK_KEPT_S = 60;

/** Logs whose last published position is remembered. */
const MAX_PUBLISHED = 10_000;

/** The logs as Redis stores them: every operation is one script on the fast connection. */
export class RedisRing {
  readonly #options: RedisBrokerSettings;
  readonly #prefix: string;
  readonly #client: Redis;
  /** The run id of the server behind the current connection; `null` while there is none. */
  #run: string | null = null;
  #learning: Promise<string> | null = null;
  /** The server answers, but takes no writes. */
  #isRefusing = false;
  readonly #onLost: () => void;
  readonly #errors: RepeatedLog;
  /** Where this process's last publish went, least recently used first. */
  readonly #published = new RecentMap<string, Position>(MAX_PUBLISHED);

  /** @param onLost called when delivery has become uncertain: the connection is lost, or writes are refused */
  constructor(options: RedisBrokerSettings, onLost: () => void) {
    this.#options = options;
    this.#onLost = onLost;
    this.#errors = new RepeatedLog(options.log, options.clock);
    this.#prefix = options.prefix ?? 'marktide:';
    this.#client = fastRedis(options.url, { ...options, name: 'marktide-commands' });
    this.#client.on('ready', () => {
      this.#learning = null;
    });
    this.#client.on('close', () => {
      this.#run = null;
      this.#learning = null;
      onLost();
    });
  }

  channel(name: string): string {
    return `${this.#prefix}{${name}}:live`;
  }

  async publish(name: string, events: readonly Payload[], options: PublishOptions): Promise<Position> {
    const { fence, sequence } = options;
    const { after = null, last = '' } = sequence ?? {};
    const args: (string | number)[] = [fence ?? '', this.channel(name), after ?? '', last];
    for (const { key, data } of events) args.push(key ?? '', data);
    const [status, epoch, head, known] = texts(await this.#onLog(SCRIPTS.publish, name, args));
    if (status === 'outdated') throw new OutdatedError(name);
    if (status === 'fenced') throw new FencedError(name);
    if (status === 'gap') throw new SequenceGapError(name, known ? Number(known) : null);
    const position = toPosition(epoch, head);
    if (status === 'known') return position;
    const before = this.#published.get(name);
    // Replies come in the order of the commands, so an offset that has been given before means that the data was
    // put back to an earlier time under a running server.
    if (
      events.length > 0 &&
      before?.epoch === position.epoch &&
      position.offset - events.length < before.offset
    ) {
      position.epoch = (await this.rotate(name, position.epoch)).epoch;
    }
    this.#published.set(name, position);
    return position;
  }

  /** Epoch, head and page at one moment. `make`: creates a missing log, so that `head` is a position in it. */
  async read(name: string, after: Position, limit: number, make: boolean): Promise<RingPage> {
    const [status, epoch, head, entries] = list(
      await this.#onLog(SCRIPTS.read, name, [after.epoch, after.offset, limit, make ? '1' : '0']),
    );
    const page: RingPage = {
      status: status === 'ok' || status === 'ahead' || status === 'expired' ? status : 'epoch',
      head: toPosition(epoch, head),
      events: decodeEntries(entries),
    };
    // Only another program can have left gaps in the stream. What is missing is lost anyway.
    const whole =
      page.events.every((event, i) => event.offset === after.offset + 1 + i) &&
      (page.events.length > 0 || after.offset >= page.head.offset || limit === 0);
    return page.status === 'ok' && !whole ? { ...page, status: 'expired', events: [] } : page;
  }

  async head(name: string): Promise<Position> {
    const [epoch, head] = texts(await this.#onLog(SCRIPTS.head, name, ['0']));
    return toPosition(epoch, head);
  }

  async state(name: string): Promise<LogState> {
    const [epoch, head, entries] = list(await this.#onLog(SCRIPTS.head, name, ['1']));
    return { position: toPosition(epoch, head), entries: decodeState(entries) };
  }

  /** Ends an epoch whose offsets no longer mean one event each. */
  async rotate(name: string, epoch: string): Promise<Position> {
    this.#options.log.warn({ ring: name, epoch }, 'the log was rolled back to an earlier state: new epoch');
    const [now, head] = texts(await this.#onLog(SCRIPTS.rotate, name, [epoch, this.channel(name)]));
    return toPosition(now, head);
  }

  /** Whether the last write was refused. */
  get isRefusing(): boolean {
    return this.#isRefusing;
  }

  /** Checks that the server takes writes. @throws BrokerUnavailableError if it does not */
  async checkWrites(): Promise<void> {
    try {
      await this.#contacted();
      await this.#client.set(`${this.#prefix}{write-check}`, '', 'EX', CHECK_KEPT_S);
      this.#isRefusing = false;
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  /** Connections that are subscribed: each process has one. */
  async audience(name: string): Promise<number> {
    try {
      await this.#contacted();
      const [, count] = list(await this.#client.call('PUBSUB', 'NUMSUB', this.channel(name)));
      return Number(count);
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  /** The heads of many logs in one round trip; `null` for one that is missing or needs a look. */
  async heads(names: readonly string[]): Promise<(Position | null)[]> {
    const reply = texts(
      await this.#command(
        SCRIPTS.heads,
        names.flatMap((name) => this.#keys(name)),
        (run) => [
          run,
          ...names.flatMap((name) => [
            Math.ceil(this.#options.bounds(name).ageMs),
            this.#options.generationOf(name),
          ]),
        ],
      ),
    );
    return names.map((_, i) => {
      const [epoch, head] = (reply[i] ?? '').split(' ');
      return epoch && head ? toPosition(epoch, head) : null;
    });
  }

  /** The node has started: see `startTimeoutMs`. */
  started(): void {
    setCommandTimeout(this.#client, this.#options.commandTimeoutMs);
  }

  close(): void {
    this.#client.disconnect();
  }

  #keys(name: string): string[] {
    const tag = `${this.#prefix}{${name}}`;
    return [`${tag}:meta`, `${tag}:ring`, `${tag}:state`];
  }

  async #onLog(script: Script, name: string, args: readonly (string | number)[]): Promise<unknown> {
    const { events, bytes, ageMs } = this.#options.bounds(name);
    const { clock, random, log, generationOf } = this.#options;
    const reply = await this.#command(script, this.#keys(name), (run) => [
      run,
      newEpoch(random),
      clock.now(),
      events,
      bytes,
      Math.ceil(ageMs),
      generationOf(name),
      ...args,
    ]);
    const last = list(reply).at(-1);
    if (typeof last === 'string' && last.startsWith('evicted ')) {
      const key = last.slice('evicted '.length);
      log.warn({ ring: name, key }, 'Redis has evicted a key of the log: its readers may be reset');
    }
    return reply;
  }

  async #command(
    script: Script,
    keys: readonly string[],
    args: (run: string) => readonly (string | number)[],
  ): Promise<unknown> {
    try {
      const run = this.#run ?? (await this.#learnRun());
      return await runScript(this.#client, script, keys, args(run));
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  #unavailable(error: unknown): BrokerUnavailableError {
    if (error instanceof Error && error.name === 'ReplyError') {
      const [code = ''] = error.message.split(' ', 1);
      this.#errors.error({ err: error }, 'Redis refused a command', code);
      if (REFUSAL.test(error.message) && !this.#isRefusing) {
        this.#isRefusing = true;
        this.#onLost();
      }
    }
    return new BrokerUnavailableError(error);
  }

  #contacted(): Promise<void> {
    return contact(this.#client, this.#options.clock);
  }

  /** Read on the connection of the commands, so it is the run id of the server that executes them. */
  async #learnRun(): Promise<string> {
    await this.#contacted();
    this.#learning ??= this.#client.info('server').then(
      (info) => this.#learnt(/^run_id:(\S+)/m.exec(info)?.[1] ?? ''),
      (error: Error) => {
        this.#learning = null;
        // Asking is not allowed: rollbacks are then found only by comparing positions.
        if (error.message.startsWith('NOPERM')) return this.#learnt('');
        throw error;
      },
    );
    return this.#learning;
  }

  #learnt(run: string): string {
    this.#run = run;
    void this.#checkEviction();
    return run;
  }

  /** Warns if the server evicts keys instead of refusing writes. */
  async #checkEviction(): Promise<void> {
    const { log } = this.#options;
    try {
      const policy = evictionPolicyIn(await this.#client.info('memory'));
      if (policy !== null)
        log.warn(
          policy,
          'Redis may evict the logs of the streams, which resets their readers: set its maxmemory-policy to noeviction',
        );
    } catch (error) {
      log.debug({ err: error }, 'the eviction policy of Redis is unknown');
    }
  }
}

/** @returns `null` when nothing is ever evicted */
function evictionPolicyIn(info: string): { maxmemory: number; maxmemoryPolicy: string } | null {
  const maxmemory = Number(/^maxmemory:(\d+)/m.exec(info)?.[1] ?? Number.NaN);
  const maxmemoryPolicy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  if (Number.isNaN(maxmemory) || maxmemoryPolicy === undefined) throw new Error('INFO does not report it');
  return maxmemory === 0 || maxmemoryPolicy === 'noeviction' ? null : { maxmemory, maxmemoryPolicy };
}

function toPosition(epoch: unknown, offset: unknown): Position {
  return { epoch: String(epoch), offset: Number(offset) };
}
