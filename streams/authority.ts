import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { type Broker, BrokerUnavailableError, type LogEvent, type Subscription } from './broker.ts';
import type { Hub } from './hub.ts';

/** What takes authority away, told to every node through a log of its own. */
export type ControlMessage =
  | { type: 'session-revoked'; sessionId: string }
  | { type: 'user-disabled'; userId: string }
  | { type: 'portfolio-gone'; portfolioId: string };

const CONTROL_LOG = 'control';

/** Tells every node. With the broker away the nodes find out by their periodic check instead. */
export async function publishControl(broker: Broker, message: ControlMessage): Promise<void> {
  try {
    await broker.publish(CONTROL_LOG, [{ data: JSON.stringify(message) }]);
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
}

/** How often open streams are checked against the database: the net below the control log. */
const CHECK_MS = 5_000;

/** Ends the streams whose authority is gone: at once when told, within seconds when the telling was lost. */
export class Authority {
  readonly #options: AuthorityOptions;
  #subscription: Subscription | null = null;
  #cancelCheck: () => void = () => undefined;
  #checking = false;

  constructor(options: AuthorityOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { broker, clock } = this.#options;
    this.#cancelCheck = clock.every(CHECK_MS, () => void this.#check());
    this.#subscription = await broker.subscribe(CONTROL_LOG, {
      events: (_epoch, events) => {
        for (const event of events) this.#apply(event);
      },
      // Whatever was told meanwhile is found in the database.
      reset: () => void this.#check(),
      condition: (state) => {
        if (state === 'back') void this.#check();
      },
    });
  }

  async close(): Promise<void> {
    this.#cancelCheck();
    await this.#subscription?.close();
  }

  #apply(event: LogEvent): void {
    const message = JSON.parse(event.data) as ControlMessage;
    const { hub } = this.#options;
    if (message.type === 'session-revoked') {
      hub.endWhere((stream) => stream.owner.sessionId === message.sessionId, 'revoked');
    } else if (message.type === 'user-disabled') {
      hub.endWhere((stream) => stream.owner.userId === message.userId, 'revoked');
    } else {
      hub.endWhere(
        (stream) => stream.subscriber.channels.some((channel) => channel.portfolioId === message.portfolioId),
        'access-lost',
      );
    }
  }

  async #check(): Promise<void> {
    const { hub, findEnded, logger } = this.#options;
    const sessions = new Set(hub.streams().flatMap((stream) => stream.owner.sessionId ?? []));
    if (this.#checking || sessions.size === 0) return;
    this.#checking = true;
    try {
      const ended = await findEnded([...sessions]);
      if (ended.size > 0) {
        hub.endWhere(
          (stream) => stream.owner.sessionId !== null && ended.has(stream.owner.sessionId),
          'revoked',
        );
      }
    } catch (error) {
      logger.warn({ err: error }, 'the sessions of open streams could not be checked');
    } finally {
      this.#checking = false;
    }
  }
}
