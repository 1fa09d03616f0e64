import { isForAdmins } from '../channels/backfill.ts';
import { portfolioLog, portfolioOfLog } from '../channels/logs.ts';
import type { Clock } from '../../lib/clock.ts';
import { withDeadline } from '../../lib/async/deadline.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { causeOf, RepeatedLog } from '../../lib/logging/repeated-log.ts';
import { type Broker, BrokerUnavailableError, type LogEvent, type Subscription } from '../core/broker.ts';
import type { Hub } from '../core/connections/hub.ts';
import type { OpenStream } from '../core/connections/open-stream.ts';

/** Events that revoke authority, published to every node in a separate log. */
export type ControlMessage =
  | { type: 'session-revoked'; sessionId: string }
  | { type: 'user-disabled'; userId: string }
  | { type: 'admin-demoted'; userId: string }
  | { type: 'portfolio-gone'; portfolioId: string }
  | { type: 'share-revoked'; portfolioId: string; userId: string };

const CONTROL_LOG = 'control';

/** Notifies every node. While the broker is unavailable, the periodic check of each node finds the change instead. */
export async function publishControl(broker: Broker, ...messages: ControlMessage[]): Promise<void> {
  if (messages.length === 0) return;
  try {
    await broker.publish(
      CONTROL_LOG,
      messages.map((message) => ({ data: JSON.stringify(message) })),
    );
  } catch (error) {
    if (!(error instanceof BrokerUnavailableError)) throw error;
  }
}

export interface AuthorityOptions {
  broker: Broker;
  hub: Hub;
  clock: Clock;
  logger: Logger;
  /** Of the given sessions, those that have ended. */
  findEnded: (sessionIds: readonly string[]) => Promise<ReadonlySet<string>>;
  /** Of these readers of portfolios, those who have lost access. */
  findLost?: (
    readings: readonly { userId: string; portfolioId: string }[],
  ) => Promise<readonly { userId: string; portfolioId: string }[]>;
  /** Of these users, those who are administrators. */
  findAdmins?: (userIds: readonly string[]) => Promise<ReadonlySet<string>>;
}

/** How often open streams are checked against the database, in case a control message was missed. */
export const CHECK_MS = 5_000;
const CHECK_AWAY_MS = 500;
/** How long a statement of the check may take. */
const STATEMENT_MS = 5_000;
/** Messages remembered for streams that are being opened meanwhile. */
const MAX_REMEMBERED = 10_000;

/** Ends the streams whose authority was revoked: at once, or within seconds if the control message was lost. */
export class Authority {
  readonly #options: AuthorityOptions;
  readonly #warnings: RepeatedLog;
  #subscription: Subscription | null = null;
  #cancelCheck: () => void = () => undefined;
  #cancelAwayCheck: (() => void) | null = null;
  #checking = false;
  /** The newest messages, the last of which has the number `#heard`. */
  #remembered: ControlMessage[] = [];
  #heard = 0;

  constructor(options: AuthorityOptions) {
    this.#options = options;
    this.#warnings = new RepeatedLog(options.logger, options.clock);
  }

  /** May be called again when it has failed. @throws BrokerUnavailableError */
  async start(): Promise<void> {
    const { broker, clock } = this.#options;
    this.#subscription = await broker.subscribe(CONTROL_LOG, {
      events: (_epoch, events) => {
        for (const event of events) this.#apply(event);
      },
      // The check of the database finds what was missed meanwhile.
      reset: () => void this.#check(),
      condition: (state) => {
        this.#cancelAwayCheck?.();
        this.#cancelAwayCheck =
          state === 'away' ? clock.every(CHECK_AWAY_MS, () => void this.#check()) : null;
        void this.#check();
      },
    });
    this.#cancelCheck = clock.every(CHECK_MS, () => void this.#check());
  }

  /**
   * The current position in the control log. Read it before looking a credential up, and pass it to `catchUp` once the
   * stream is in the hub: a revocation between the two finds no stream to end.
   */
  mark(): number {
    return this.#heard;
  }

  /** Ends the stream if its authority was revoked after the mark was taken. */
  catchUp(streamId: string, mark: number): void {
    const missed = this.#heard - mark;
    if (missed <= 0) return;
    const isIt = ({ id }: OpenStream): boolean => id === streamId;
    // Too much was revoked meanwhile to remember: the client reconnects and its credential is looked up again.
    if (missed > this.#remembered.length) this.#options.hub.endWhere(isIt, 'revoked');
    else for (const message of this.#remembered.slice(-missed)) this.#endBy(message, isIt);
  }

  async close(): Promise<void> {
    this.#cancelCheck();
    this.#cancelAwayCheck?.();
    await this.#subscription?.close();
  }

  #apply(event: LogEvent): void {
    const message = JSON.parse(event.data) as ControlMessage;
    this.#heard += 1;
    this.#remembered.push(message);
    if (this.#remembered.length > 2 * MAX_REMEMBERED) {
      this.#remembered = this.#remembered.slice(-MAX_REMEMBERED);
    }
    this.#endBy(message, () => true);
  }

  /** Ends those of the selected streams whose authority a message revokes. */
  #endBy(message: ControlMessage, isMeant: (stream: OpenStream) => boolean): void {
    const { hub } = this.#options;
    if (message.type === 'session-revoked') {
      const { sessionId } = message;
      hub.endWhere((stream) => stream.owner.sessionId === sessionId && isMeant(stream), 'revoked');
    } else if (message.type === 'user-disabled') {
      const { userId } = message;
      hub.endWhere((stream) => stream.owner.userId === userId && isMeant(stream), 'revoked');
    } else if (message.type === 'admin-demoted') {
      const { userId } = message;
      hub.endWhere(
        (stream) => watchesAll(stream) && stream.owner.userId === userId && isMeant(stream),
        'access-lost',
      );
    } else if (message.type === 'share-revoked') {
      this.#endReading(message, isMeant);
    } else if (message.type === 'portfolio-gone') {
      const { portfolioId } = message;
      hub.endWhere((stream) => reads(stream, portfolioId) && isMeant(stream), 'access-lost');
    }
  }

  async #check(): Promise<void> {
    const { hub, findEnded } = this.#options;
    const sessions = new Set(hub.streams().flatMap((stream) => stream.owner.sessionId ?? []));
    if (this.#checking || sessions.size === 0) return;
    this.#checking = true;
    try {
      const ended = await this.#within(findEnded([...sessions]));
      if (ended.size > 0) {
        hub.endWhere(
          (stream) => stream.owner.sessionId !== null && ended.has(stream.owner.sessionId),
          'revoked',
        );
      }
      await this.#checkPortfolios();
      await this.#checkAdmins();
    } catch (error) {
      this.#warnings.warn(
        { err: error },
        'the sessions of open streams could not be checked',
        causeOf(error),
      );
    } finally {
      this.#checking = false;
    }
  }

  async #checkPortfolios(): Promise<void> {
    const { hub, findLost } = this.#options;
    const readings = new Map<string, { userId: string; portfolioId: string }>();
    for (const { owner, subscriber } of hub.streams()) {
      const { userId } = owner;
      if (userId === null) continue;
      for (const { log } of subscriber.channels) {
        const portfolioId = portfolioOfLog(log);
        if (portfolioId !== null) readings.set(`${userId} ${portfolioId}`, { userId, portfolioId });
      }
    }
    if (findLost === undefined || readings.size === 0) return;
    const lost = await this.#within(findLost([...readings.values()]));
    for (const each of lost) this.#endReading(each);
  }

  async #checkAdmins(): Promise<void> {
    const { hub, findAdmins } = this.#options;
    const watching = hub.streams().filter(watchesAll);
    if (findAdmins === undefined || watching.length === 0) return;
    const admins = await this.#within(findAdmins(watching.flatMap(({ owner }) => owner.userId ?? [])));
    hub.endWhere(
      (stream) => watching.includes(stream) && !admins.has(stream.owner.userId ?? ''),
      'access-lost',
    );
  }

  /** A dead connection must not hold up the next checks, which use other connections. */
  #within<T>(statement: Promise<T>): Promise<T> {
    const { clock } = this.#options;
    return withDeadline(statement, { clock, ms: STATEMENT_MS, what: 'checking the open streams' });
  }

  #endReading(
    { userId, portfolioId }: { userId: string; portfolioId: string },
    isMeant: (stream: OpenStream) => boolean = () => true,
  ): void {
    this.#options.hub.endWhere(
      (stream) => stream.owner.userId === userId && reads(stream, portfolioId) && isMeant(stream),
      'access-lost',
    );
  }
}

function reads({ subscriber }: OpenStream, portfolioId: string): boolean {
  return subscriber.channels.some(({ log }) => log === portfolioLog(portfolioId));
}

function watchesAll({ subscriber }: OpenStream): boolean {
  return subscriber.channels.some(isForAdmins);
}
