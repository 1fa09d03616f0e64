import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { type Broker, BrokerUnavailableError, type Subscription } from '../core/broker.ts';
import type { OpenStream } from '../core/connections/open-stream.ts';
import type { Subscriber } from '../core/connections/subscriber.ts';
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
  /** The user they belong to; `null`: any. */
  userId: string | null;
  /** Streams whose id comes after it. */
  after: string;
  limit: number;
}

interface EndRequest {
  streamId: string;
  /** The user it must belong to; `null`: any. */
  userId: string | null;
}

/** A node answers with the streams listed, or with the one that it has ended. */
type RollMessage =
  | { ask: string; question: RegistryQuestion }
  // A node of an earlier version fails on it, and so counts as silent.
  | { ask: string; end: EndRequest }
  | { answer: string; node: string; streams: StreamReport[] };

/** Outcome of a request to end a stream. `unknown`: not all nodes have answered. */
export type EndOutcome = 'ended' | 'not-found' | 'unknown';

/** What a report is made of. */
export interface ReportedStream extends Omit<OpenStream, 'subscriber'> {
  subscriber: Pick<Subscriber, 'channels' | 'queuedBytes' | 'sentEvents' | 'conflated' | 'lag'>;
}

export interface StreamRegistryOptions {
  broker: Broker;
  hub: {
    streams(): ReportedStream[];
    endWhere(predicate: (stream: { id: string }) => boolean, reason: 'ended'): number;
  };
  clock: Clock;
  logger: Logger;
  /** Distinguishes this process from others. */
  node: string;
  /** Whether there may be other nodes. */
  hasPeers: boolean;
}

interface Asking {
  answers: Map<string, StreamReport[]>;
  /** Called when there is another one. */
  onAnswer: () => void;
}

/** Requests and replies between nodes. Its history is never read. */
const ROLL_LOG = 'roll';
/** How long a node may take to answer. */
const ANSWER_MS = 1_000;

/** The open streams of all nodes: lists them, and ends one wherever it is. */
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
      // An answer to a missed request would come too late anyway.
      reset: () => undefined,
      condition: () => undefined,
    });
  }

  async close(): Promise<void> {
    await this.#subscription?.close();
  }

  /**
   * The first `limit` + 1 matching streams, in the order of opening.
   * @returns `silent`: nodes that did not answer within a second, whose streams are missing
   */
  async list(question: RegistryQuestion): Promise<{ streams: StreamReport[]; silent: number }> {
    const mine = this.#list(question);
    const { answers, silent } = await this.#ask({ question }, () => false);
    return { streams: inOrder([mine, ...answers].flat(), question.limit), silent };
  }

  /** Ends one stream, on whatever node it is. @param userId the user it must belong to; `null`: any */
  async end(streamId: string, userId: string | null): Promise<EndOutcome> {
    const end = { streamId, userId };
    if (this.#end(end).length > 0) return 'ended';
    const { answers, silent } = await this.#ask({ end }, (streams) => streams.length > 0);
    if (answers.flat().length > 0) return 'ended';
    return silent > 0 ? 'unknown' : 'not-found';
  }

  /** @param isEnough whether no other answer is needed */
  async #ask(
    what: { question: RegistryQuestion } | { end: EndRequest },
    isEnough: (answer: StreamReport[]) => boolean,
  ): Promise<{ answers: StreamReport[][]; silent: number }> {
    if (!this.#options.hasPeers) return { answers: [], silent: 0 };
    const { broker, clock, node } = this.#options;
    this.#questions += 1;
    const ask = `${node} ${this.#questions}`;
    let done: () => void = () => undefined;
    const heard = new Promise<void>((resolve) => (done = resolve));
    const cancel = clock.after(ANSWER_MS, done);
    let others = Infinity;
    const answers = new Map<string, StreamReport[]>();
    const look = (): void => {
      if (answers.size >= others || [...answers.values()].some(isEnough)) done();
    };
    this.#asking.set(ask, { answers, onAnswer: look });
    try {
      const asked = broker.publish(ROLL_LOG, [{ data: JSON.stringify({ ask, ...what }) }]);
      // This node listens too.
      others = (await broker.audience(ROLL_LOG)) - 1;
      await asked;
      look();
      await heard;
      return { answers: [...answers.values()], silent: Math.max(0, others - answers.size) };
    } catch (error) {
      if (!(error instanceof BrokerUnavailableError)) throw error;
      // No other node can be asked, although there may be some.
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
      asking?.onAnswer();
    } else if (!this.#asking.has(message.ask) && !message.ask.startsWith(`${node} `)) {
      const streams = 'end' in message ? this.#end(message.end) : this.#list(message.question);
      const answer = { answer: message.ask, node, streams };
      broker.publish(ROLL_LOG, [{ data: JSON.stringify(answer) }]).catch((error: unknown) => {
        logger.warn({ err: error }, 'could not answer a request for open streams');
      });
    }
  }

  #list({ userId, after, limit }: RegistryQuestion): StreamReport[] {
    const now = this.#options.clock.now();
    const streams = this.#options.hub
      .streams()
      .filter(({ id, owner }) => id > after && (userId === null || owner.userId === userId));
    return inOrder(streams, limit).map((stream) => report(stream, now));
  }

  #end({ streamId, userId }: EndRequest): StreamReport[] {
    const { hub, clock } = this.#options;
    const stream = hub.streams().find(({ id }) => id === streamId);
    if (stream === undefined || (userId !== null && stream.owner.userId !== userId)) return [];
    const reports = [report(stream, clock.now())];
    hub.endWhere(({ id }) => id === streamId, 'ended');
    return reports;
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
    sentEvents: subscriber.sentEvents,
    conflated: subscriber.conflated,
    lag: subscriber.lag,
  };
}
