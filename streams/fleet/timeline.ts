import { hash } from 'node:crypto';
import type { HistoryPoint } from '../../db/connection/server-history.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { RepeatedLog } from '../../lib/logging/repeated-log.ts';
import { portfolioOfLog, TIMELINE_LOG } from '../channels/logs.ts';
import { type Broker, BrokerUnavailableError, SequenceGapError } from '../core/broker.ts';
import type { MessageBroker } from '../portfolio/message-publisher.ts';
import { RecentVersions } from './recent-versions.ts';

/** The generation that the ledgers are in. The broker, which the timeline needs, reads it. */
export interface Generation {
  current: number;
}

export interface TimelineOptions {
  broker: Broker;
  clock: Clock;
  logger: Logger;
  /** The timeline that the database keeps: see `Fleet`. */
  kept: string;
  /** Set by the timeline. */
  generation: Generation;
  /** The generation of a fleet about which nothing is known. */
  first: number;
  /** Asks the database; `null`: its history cannot be known. Without it nothing is checked. */
  point: (() => Promise<HistoryPoint | null>) | null;
  /** Ledger versions of the given portfolios. */
  versions: (portfolioIds: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  /** Takes out of the outbox what was written before the server was started: `deleteRestoredMessages(db, …)` */
  forget: (startedAt: string) => Promise<void>;
}

/** What the fleet knows about its database. */
interface Known {
  generation: number;
  branch: string;
  /** When the server was started with which the generation began; lacking if that was no rewind. */
  startedAt?: string;
  /** The highest position that any node has seen written. */
  written: number;
}

const CHECK_MS = 2_000;
const MARK_LENGTH = 8;

/**
 * Notices when the database goes back in time: after a failover that lost commits, when a backup was restored, or when
 * older files were put back. Versions of its ledgers may then stand for other changes than before, so a new generation
 * begins: the logs of portfolios start over, and entity tags, cached answers and positions change.
 *
 * What the database is compared with is kept in a log, so that the fleet notices it once, and also when all nodes were
 * down meanwhile. It is read before the database is asked: the answer cannot be older then.
 */
export class Timeline {
  readonly #options: TimelineOptions;
  readonly #warnings: RepeatedLog;
  readonly #told: RecentVersions;
  readonly #onBegin = new Set<() => void>();
  #name = '';
  #mark = '';
  /** Of the newest connection. */
  #point: HistoryPoint | null = null;
  /** Of the last check that succeeded. */
  #checked: HistoryPoint | null = null;
  /** How many times a new connection has led to another server, or to one that has restarted. */
  #doubts = 0;
  /** How many of those a check has covered. While there are more, nothing is published. */
  #settledDoubts = 0;
  #checking: Promise<void> | null = null;
  /** The generation whose restored messages have been taken out. */
  #forgotten = 0;
  /** Whether the other nodes are connected to a database with another history. */
  #isApart = false;
  #cancelChecks: () => void = () => undefined;

  constructor(options: TimelineOptions) {
    this.#options = options;
    this.#warnings = new RepeatedLog(options.logger, options.clock);
    this.#told = new RecentVersions(options.clock);
    this.#rename();
  }

  /** Calls `listener` whenever a generation begins: what it remembers of ledgers may never have happened. */
  onBegin(listener: () => void): void {
    this.#onBegin.add(listener);
  }

  /** What is wrong with the database; `null`: nothing. */
  get fault(): string | null {
    return this.#isApart ? 'the other nodes are connected to a database with another history' : null;
  }

  /** Grows when the database has gone back. */
  get generation(): number {
    return this.#options.generation.current;
  }

  /**
   * Part of everything that is derived from versions of ledgers: as long as it stays the same, a version means the same
   * ledger.
   */
  get name(): string {
    return this.#name;
  }

  /** A short form of it; empty while nothing is known about the database's history. */
  get mark(): string {
    return this.#mark;
  }

  /** The first check. @throws BrokerUnavailableError, or what asking the database throws */
  async start(): Promise<void> {
    if (this.#options.point === null) return;
    await this.#check();
    const check = (): void => void this.check();
    this.#cancelChecks = this.#options.clock.every(CHECK_MS, check);
  }

  /** Call it with what the server reports on each new connection. */
  connected(point: HistoryPoint): void {
    const before = this.#point;
    this.#point = point;
    this.#rename();
    if (before === null || (before.branch === point.branch && before.startedAt === point.startedAt)) return;
    this.#doubts += 1;
    void this.check();
  }

  /** A broker for changes of ledgers. It publishes none until it is certain which generation they belong to. */
  guard(broker: MessageBroker): MessageBroker {
    return {
      head: (log) => broker.head(log),
      history: (log, after, limit) => broker.history(log, after, limit),
      publish: async (log, events, options) => {
        // A check that is under way may have begun before the last doubt.
        for (let n = 0; n < 2 && this.#isDoubtful; n += 1) await this.check();
        if (this.#isDoubtful) throw new BrokerUnavailableError(new Error('the database is being compared'));
        const generation = this.generation;
        const position = await broker.publish(log, events, options);
        const portfolioId = portfolioOfLog(log);
        // What was still on its way into an earlier generation must not be missed in this one.
        const isPresent = generation === this.generation;
        if (portfolioId !== null && options?.sequence && isPresent)
          this.#told.add(portfolioId, options.sequence.last);
        return position;
      },
    };
  }

  /**
   * For messages that are read to be published: never any that were put back with the database.
   * @throws BrokerUnavailableError
   */
  async surely<T>(read: () => Promise<T>): Promise<T> {
    for (let n = 0; n < 3; n += 1) {
      await this.#settle();
      const doubts = this.#doubts;
      const found = await read();
      if (doubts === this.#doubts) return found;
      // Read through a new connection, maybe before what was put back was taken out.
    }
    throw new BrokerUnavailableError(new Error('the database is another one again and again'));
  }

  /** @throws BrokerUnavailableError */
  async #settle(): Promise<void> {
    // The first may have begun before the last doubt.
    for (let n = 0; n < 2 && this.#isDoubtful; n += 1) await this.check();
    if (this.#isDoubtful) throw new BrokerUnavailableError(new Error('the database is being compared'));
  }

  /** Never rejects: a check that fails is made again later. */
  async check(): Promise<void> {
    this.#checking ??= this.#check()
      .catch((error: unknown) => {
        this.#warnings.warn({ err: error }, 'the history of the database could not be checked');
      })
      .finally(() => {
        this.#checking = null;
      });
    await this.#checking;
  }

  async close(): Promise<void> {
    this.#cancelChecks();
    await this.#checking;
  }

  get #isDoubtful(): boolean {
    return this.#doubts > this.#settledDoubts;
  }

  async #check(): Promise<void> {
    const { kept, point: ask } = this.#options;
    const doubts = this.#doubts;
    const known = await this.#known();
    // Before `told` is read: the node that began this generation has already missed what this node published in an
    // earlier one. If it were missed again here, another generation would begin, and every stream be reset a second
    // time.
    if (known !== null) this.#begin(known.generation);
    const told = this.#told.all();
    const found = (await ask?.()) ?? null;
    if (found !== null) {
      const point = { ...found, branch: `${kept} ${found.branch}` };
      const reason = known === null ? null : await this.#whyBack(point, known, told);
      await this.#forget(await this.#keep(point, known, reason));
      this.#checked = point;
      // Behind a pooler the server may change without a new connection.
      if (doubts === this.#doubts) this.#point = found;
      this.#rename();
    }
    this.#settledDoubts = doubts;
  }

  /** @returns `null` if the database continues from where it was */
  async #whyBack(
    { branch, startedAt, written }: HistoryPoint,
    known: Known,
    told: ReadonlyMap<string, number>,
  ): Promise<string | null> {
    if (branch !== known.branch) {
      // The other nodes have moved on, and this one has seen nothing new: it must not take them back.
      if (branch !== this.#checked?.branch) return 'another history';
      this.#isApart = true;
      this.#warnings.error({}, 'this node and others are connected to databases with different histories');
      return null;
    }
    this.#isApart = false;
    // A server cannot go back without being stopped.
    if (startedAt === this.#checked?.startedAt) return null;
    if (written < known.written) return 'an earlier state';
    if (told.size === 0) return null;
    const versions = await this.#options.versions([...told.keys()]);
    const isBack = [...told].some(([id, version]) => (versions.get(id) ?? version) < version);
    return isBack ? 'fewer changes than were published' : null;
  }

  /**
   * Before this node publishes in a generation: the logs have started over, and would take what was put back for new. Of a
   * standby that was promoted some of it may be told once more, as that was started before the server it took over from.
   */
  async #forget(known: Known | null): Promise<void> {
    if (known === null || known.generation <= this.#forgotten) return;
    if (known.startedAt !== undefined) await this.#options.forget(known.startedAt);
    this.#forgotten = known.generation;
  }

  /** @returns what is known now */
  async #keep(point: HistoryPoint, known: Known | null, reason: string | null): Promise<Known | null> {
    const { broker, logger } = this.#options;
    const { branch, written, startedAt } = point;
    const generation = this.#nextGeneration(known, reason);
    let now = known;
    if (generation !== null) {
      // Only a rewind puts messages back. Of what a log has lost, or never had, there may be some to be published.
      const began = reason === null ? {} : { startedAt };
      await this.#publish({ branch, written, generation, ...began }, known?.generation ?? null);
      // Another node may have been quicker, and the log decides.
      now = await this.#known();
      this.#begin(now?.generation ?? generation);
    } else if (known !== null && branch === known.branch && written > known.written) {
      await broker.publish(TIMELINE_LOG, [writtenEvent(known.generation, written)]);
    }
    if (reason !== null) {
      logger.error(
        { reason, generation: this.generation },
        'the database has gone back in time: the streams of portfolios are reset',
      );
    }
    return now;
  }

  /** @returns `null` to stay in the current one */
  #nextGeneration(known: Known | null, reason: string | null): number | null {
    const { clock, first } = this.#options;
    if (known === null) return this.generation === 0 ? first : this.generation;
    if (reason !== null) return Math.max(known.generation + 1, clock.now());
    // The log itself may have gone back, as after a failover of Redis.
    return known.generation < this.generation ? this.generation : null;
  }

  async #publish(known: Known, after: number | null): Promise<void> {
    const { broker } = this.#options;
    const { written, generation, ...rest } = known;
    const events = [
      { key: 'branch', data: JSON.stringify({ generation, ...rest }) },
      writtenEvent(generation, written),
    ];
    try {
      await broker.publish(TIMELINE_LOG, events, { sequence: { after, last: generation } });
    } catch (error) {
      if (!(error instanceof SequenceGapError)) throw error;
      if (after !== null || error.last === null) return;
      // Another node may have been quicker. If not, the log knows of a generation though it has lost what it was.
      if ((await this.#known()) !== null) return;
      const next = Math.max(error.last + 1, generation);
      await this.#publish({ ...known, generation: next }, error.last);
    }
  }

  async #known(): Promise<Known | null> {
    const { entries } = await this.#options.broker.state(TIMELINE_LOG);
    const find = (key: string): unknown =>
      JSON.parse(entries.find((entry) => entry.key === key)?.data ?? 'null');
    const kept = find('branch') as Omit<Known, 'written'> | null;
    if (kept === null) return null;
    const seen = find('written') as Omit<Known, 'branch'> | null;
    return { ...kept, written: seen?.generation === kept.generation ? seen.written : 0 };
  }

  #begin(generation: number): void {
    if (generation <= this.generation) return;
    this.#options.generation.current = generation;
    this.#rename();
    this.#told.clear();
    for (const listener of this.#onBegin) listener();
  }

  /** A restart alone changes the name: whether the server has gone back becomes known a moment later. */
  #rename(): void {
    const { kept } = this.#options;
    const point = this.#point;
    this.#name = [kept, point?.branch, point?.startedAt, this.generation].join(' ');
    const isKnown = point !== null || this.generation > 0;
    this.#mark = isKnown ? hash('sha256', this.#name, 'base64url').slice(0, MARK_LENGTH) : '';
  }
}

function writtenEvent(generation: number, written: number): { key: string; data: string } {
  return { key: 'written', data: JSON.stringify({ generation, written }) };
}
