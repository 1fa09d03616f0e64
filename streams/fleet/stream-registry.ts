import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { type Broker, BrokerUnavailableError, type Subscription } from '../core/broker.ts';
import type { OpenStream } from '../core/open-stream.ts';
import type { Subscriber } from '../core/subscriber.ts';
import type { Transport } from '../core/stream-observer.ts';

/** An open stream, on whatever node it is. */
export interface StreamReport {
  id: string;
  userId: string | null;
  transport: Transport;
  channels: string[];
  /** Epoch milliseconds. */
  openedAt: number;
  ageMs: number;
  queuedBytes: number;
  sentEvents: number;
  conflated: number;
  lag: number;
}

export interface RegistryQuestion {
  /** Whose; `null`: everybody's. */
  userId: string | null;
  /** Streams whose id comes after it. */
  after: string;
  limit: number;
}

type RollMessage =
  { ask: string; question: RegistryQuestion } | { answer: string; node: string; streams: StreamReport[] };

/** What a report is made of. */
export interface ReportedStream extends Omit<OpenStream, 'subscriber'> {
  subscriber: Pick<Subscriber, 'channels' | 'queuedBytes' | 'sentEvents' | 'conflated' | 'lag'>;
}

export interface StreamRegistryOptions {
  broker: Broker;
  hub: { streams(): ReportedStream[] };
  clock: Clock;
  logger: Logger;
  /** Tells this process from others. */
  node: string;
  /** Whether there may be other nodes. */
  hasPeers: boolean;
}

interface Asking {
  answers: Map<string, StreamReport[]>;
  /** Called when there is another one. */
  heard: () => void;
}

/** Questions and answers; no one goes back to them. */
const ROLL_LOG = 'roll';
/** How long a node may take to answer. */
const ANSWER_MS = 1_000;

/** Calls the roll of open streams over all nodes. */
export class StreamRegistry {
  readonly #options: StreamRegistryOptions;
  readonly #asking = new Map<string, Asking>();
  #subscription: Subscription | null = null;
  #questions = 0;

  constructor(options: StreamRegistryOptions) {
    this.#options = options;
  }

  /** May be called again when it has failed. @throws BrokerUnavailableError */
  async start(): Promise<void> {
    if (!this.#options.hasPeers) return;
    this.#subscription = await this.#options.broker.subscribe(ROLL_LOG, {
      events: (_epoch, events) => {
        for (const { data } of events) this.#hear(JSON.parse(data) as RollMessage);
      },
      // What was missed is answered too late anyway.
      reset: () => undefined,
      condition: () => undefined,
    });
  }

  async close(): Promise<void> {
    await this.#subscription?.close();
  }

  /**
   * The first `limit` + 1 of what is asked for, in the order of opening.
   * @returns `silent`: nodes that have not answered in a second, whose streams are missing
   */
  async call(question: RegistryQuestion): Promise<{ streams: StreamReport[]; silent: number }> {
    const mine = this.#mine(question);
    if (!this.#options.hasPeers) return { streams: mine, silent: 0 };
    const { answers, silent } = await this.#ask(question);
    return { streams: inOrder([mine, ...answers].flat(), question.limit), silent };
  }

  async #ask(question: RegistryQuestion): Promise<{ answers: StreamReport[][]; silent: number }> {
    const { broker, clock, node } = this.#options;
    this.#questions += 1;
    const ask = `${node} ${this.#questions}`;
    let done: () => void = () => undefined;
    const heard = new Promise<void>((resolve) => (done = resolve));
    const cancel = clock.after(ANSWER_MS, done);
    let others = Infinity;
    const answers = new Map<string, StreamReport[]>();
    const look = (): void => {
      if (answers.size >= others) done();
    };
    this.#asking.set(ask, { answers, heard: look });
    try {
      const asked = broker.publish(ROLL_LOG, [{ data: JSON.stringify({ ask, question }) }]);
      // This node listens too.
      others = (await broker.audience(ROLL_LOG)) - 1;
      await asked;
      look();
      await heard;
      return { answers: [...answers.values()], silent: Math.max(0, others - answers.size) };
    } catch (error) {
      if (!(error instanceof BrokerUnavailableError)) throw error;
      // Nobody can be asked: at least one may be there.
      return { answers: [...answers.values()], silent: 1 };
    } finally {
      cancel();
      this.#asking.delete(ask);
    }
  }

  #hear(message: RollMessage): void {
    const { node, broker, logger } = this.#options;
    if ('answer' in message) {
      const asking = this.#asking.get(message.answer);
      asking?.answers.set(message.node, message.streams);
      asking?.heard();
    } else if (!this.#asking.has(message.ask) && !message.ask.startsWith(`${node} `)) {
      const answer = { answer: message.ask, node, streams: this.#mine(message.question) };
      broker.publish(ROLL_LOG, [{ data: JSON.stringify(answer) }]).catch((error: unknown) => {
        logger.warn({ err: error }, 'the roll of streams could not be answered');
      });
    }
  }

  #mine({ userId, after, limit }: RegistryQuestion): StreamReport[] {
    const { hub, clock } = this.#options;
    const now = clock.now();
    const streams = hub.streams().filter(({ id, owner }) => {
      return id > after && (userId === null || owner.userId === userId);
    });
    return inOrder(streams, limit).map((stream) => report(stream, now));
  }
}

/** Ids are made in the order of time. */
function inOrder<T extends { id: string }>(streams: T[], limit: number): T[] {
  return streams.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit + 1);
}

function report(stream: ReportedStream, now: number): StreamReport {
  const { id, owner, transport, openedAt, subscriber } = stream;
  return {
    id,
    userId: owner.userId,
    transport,
    channels: subscriber.channels.map(({ name }) => name),
    openedAt,
    ageMs: Math.max(0, now - openedAt),
    queuedBytes: subscriber.queuedBytes,
    sentEvents: stream.sentBefore + subscriber.sentEvents,
    conflated: stream.conflatedBefore + subscriber.conflated,
    lag: subscriber.lag,
  };
}
