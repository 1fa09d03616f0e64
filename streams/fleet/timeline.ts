import { hash } from 'node:crypto';
import type { HistoryPoint } from '../../db/connection/server-history.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { RepeatedLog } from '../../lib/logging/repeated-log.ts';
import { portfolioOfLog, TIMELINE_LOG } from '../channels/logs.ts';
import { type Broker, BrokerUnavailableError, SequenceGapError } from '../core/broker.ts';
import type { MessageBroker } from '../portfolio/message-publisher.ts';
import { RecentVersions } from './recent-versions.ts';

export interface TimelineOptions {
  broker: Broker;
  clock: Clock;
  logger: Logger;
  /** The timeline that the database keeps: see `Fleet`. */
  kept: string;
  /** The generation of a fleet that nothing is known of. */
  first: number;
  /** Asks the database; `null`: its history cannot be known. Without it nothing is checked. */
  point: (() => Promise<HistoryPoint | null>) | null;
  /** Ledger versions of the given portfolios. */
  versions: (portfolioIds: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  /** Called when a generation has begun: what was remembered of ledgers may never have happened. */
  onBegin: () => void;
}

/** What the fleet knows of its database. */
interface Known {
  generation: number;
  branch: string;
  /** The most that any node has seen written. */
  written: number;
}

const CHECK_MS = 2_000;
const MARK_LENGTH = 8;

/**
 * Notices when the database goes back in time: after a failover that lost commits, a restored backup, older files. The
 * versions of its ledgers may then be given to other changes than before, so a generation begins: the logs of portfolios
 * start over, and entity tags, cached answers and positions are others.
 *
 * What the database is compared with is kept in a log, so that the fleet notices it once, and also when all nodes were
 * down meanwhile. It is read before the database is asked: the answer cannot be older then.
 */
export class Timeline {
  readonly #options: TimelineOptions;
  readonly #warnings: RepeatedLog;
  readonly #told: RecentVersions;
  #generation = 0;
  #name = '';
  #mark = '';
  /** Of the newest connection. */
  #point: HistoryPoint | null = null;
  /** Of the last check that succeeded. */
  #checked: HistoryPoint | null = null;
  /** How often a new connection has led to another server, or to one that has restarted. */
  #doubts = 0;
  /** Of those, the ones that a check has covered. While there are others nothing is published. */
  #settledDoubts = 0;
  #checking: Promise<void> | null = null;
  #cancelChecks: () => void = () => undefined;

  constructor(options: TimelineOptions) {
    this.#options = options;
    this.#warnings = new RepeatedLog(options.logger, options.clock);
    this.#told = new RecentVersions(options.clock);
    this.#rename();
  }

  /** Grows when the database has gone back. */
  get generation(): number {
    return this.#generation;
  }

  /** Part of all that is derived from versions of ledgers: while it is the same, a version is the same ledger. */
  get name(): string {
    return this.#name;
  }

  /** The same, short; empty as long as nothing is known of the database's history. */
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

  /** To be called with what the server says on each new connection. */
  connected(point: HistoryPoint): void {
    const before = this.#point;
    this.#point = point;
    this.#rename();
    if (before === null || (before.branch === point.branch && before.startedAt === point.startedAt)) return;
    this.#doubts += 1;
    void this.check();
  }

  /** A broker for changes of ledgers. It takes none before it is sure which generation they belong to. */
  guard(broker: MessageBroker): MessageBroker {
    return {
      head: (log) => broker.head(log),
      history: (log, after, limit) => broker.history(log, after, limit),
      publish: async (log, events, options) => {
        // The first may have begun before the last doubt.
        for (let n = 0; n < 2 && this.#isDoubtful; n += 1) await this.check();
        if (this.#isDoubtful) throw new BrokerUnavailableError(new Error('the database is being compared'));
        const position = await broker.publish(log, events, options);
        const portfolioId = portfolioOfLog(log);
        if (portfolioId !== null && options?.sequence) this.#told.add(portfolioId, options.sequence.last);
        return position;
      },
    };
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
    const told = this.#told.all();
    const known = await this.#known();
    const found = (await ask?.()) ?? null;
    if (known !== null) this.#begin(known.generation);
    if (found !== null) {
      const point = { ...found, branch: `${kept} ${found.branch}` };
      const reason = known === null ? null : await this.#whyBack(point, known, told);
      await this.#keep(point, known, reason);
      this.#checked = point;
      // Behind a pooler the server may change without a new connection.
      if (doubts === this.#doubts) this.#point = found;
      this.#rename();
    }
    this.#settledDoubts = doubts;
  }

  /** @returns `null` when the database goes on from where it was */
  async #whyBack(
    { branch, startedAt, written }: HistoryPoint,
    known: Known,
    told: ReadonlyMap<string, number>,
  ): Promise<string | null> {
    if (branch !== known.branch) {
      // The other nodes have moved on, and this one has seen nothing new: it must not drag them back.
      if (branch !== this.#checked?.branch) return 'another history';
      this.#warnings.error({}, 'this node and others are connected to databases with different histories');
      return null;
    }
    // No server goes back without being stopped.
    if (startedAt === this.#checked?.startedAt) return null;
    if (written < known.written) return 'an earlier state';
    if (told.size === 0) return null;
    const versions = await this.#options.versions([...told.keys()]);
    const isBack = [...told].some(([id, version]) => (versions.get(id) ?? version) < version);
    return isBack ? 'fewer changes than were published' : null;
  }

  async #keep(point: HistoryPoint, known: Known | null, reason: string | null): Promise<void> {
    const { broker, logger } = this.#options;
    const { branch, written } = point;
    const generation = this.#nextGeneration(known, reason);
    if (generation !== null) {
      await this.#publish({ branch, written, generation }, known?.generation ?? null);
      // Another node may have been quicker: what is in the log counts.
      this.#begin((await this.#known())?.generation ?? generation);
    } else if (known !== null && branch === known.branch && written > known.written) {
      await broker.publish(TIMELINE_LOG, [writtenEvent(known.generation, written)]);
    }
    if (reason === null) return;
    logger.error(
      { reason, generation: this.#generation },
      'the database has gone back in time: the streams of portfolios are reset',
    );
  }

  /** @returns `null` to stay in the present one */
  #nextGeneration(known: Known | null, reason: string | null): number | null {
    const { clock, first } = this.#options;
    if (known === null) return this.#generation === 0 ? first : this.#generation;
    if (reason !== null) return Math.max(known.generation + 1, clock.now());
    // The log itself may have gone back, as after a failover of Redis.
    return known.generation < this.#generation ? this.#generation : null;
  }

  async #publish({ branch, written, generation }: Known, after: number | null): Promise<void> {
    const { broker } = this.#options;
    const events = [
      { key: 'branch', data: JSON.stringify({ generation, branch }) },
      writtenEvent(generation, written),
    ];
    try {
      await broker.publish(TIMELINE_LOG, events, { sequence: { after, last: generation } });
    } catch (error) {
      if (!(error instanceof SequenceGapError)) throw error;
      // The log knows of a generation though it has lost what it was.
      if (after !== null || error.last === null) return;
      const next = Math.max(error.last + 1, generation);
      await this.#publish({ branch, written, generation: next }, error.last);
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
    if (generation <= this.#generation) return;
    this.#generation = generation;
    this.#rename();
    this.#told.clear();
    this.#options.onBegin();
  }

  /** A restart alone changes the name: whether the server has gone back is known a moment later. */
  #rename(): void {
    const { kept } = this.#options;
    const point = this.#point;
    this.#name = [kept, point?.branch, point?.startedAt, this.#generation].join(' ');
    const isKnown = point !== null || this.#generation > 0;
    this.#mark = isKnown ? hash('sha256', this.#name, 'base64url').slice(0, MARK_LENGTH) : '';
  }
}

function writtenEvent(generation: number, written: number): { key: string; data: string } {
  return { key: 'written', data: JSON.stringify({ generation, written }) };
}
