import type { Clock } from '../lib/clock.ts';
import { type Broker, BrokerUnavailableError, type LogListener } from '../streams/core/broker.ts';

const PAUSE_MS = 100;
const UNHEARD: LogListener = { events: () => undefined, reset: () => undefined, condition: () => undefined };

/** The broker did not answer in time. */
export class BrokerSilentError extends Error {
  readonly step: string;
  readonly seconds: number;

  constructor(step: string, ms: number, cause: unknown) {
    super(`the broker has not answered for ${Math.round(ms / 1_000)} s, ${step}`, { cause });
    this.name = 'BrokerSilentError';
    this.step = step;
    this.seconds = Math.round(ms / 1_000);
  }
}

export interface BrokerPatience {
  clock: Clock;
  /** How long attempts are made. */
  ms: number;
  /** What is being done, for the message: `following the market`. */
  step: string;
}

/**
 * Retries something that needs the broker until the broker answers: when a node starts, Redis may be slow or frozen for
 * a while, or this process too busy to see an answer in time.
 * @param attempt may be called again when it has failed
 * @throws BrokerSilentError, or what the attempt throws for another reason
 */
export async function retryBroker<T>(attempt: () => Promise<T>, patience: BrokerPatience): Promise<T> {
  const { clock, ms, step } = patience;
  const until = clock.monotonic() + ms;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof BrokerUnavailableError)) throw error;
      if (clock.monotonic() >= until) throw new BrokerSilentError(step, ms, error);
      await new Promise<void>((resolve) => {
        clock.after(PAUSE_MS, resolve);
      });
    }
  }
}

/** Resolves when the broker answers, requests and live delivery both. @throws BrokerUnavailableError */
export async function reachBroker(broker: Broker): Promise<void> {
  const subscription = await broker.subscribe('canary:start', UNHEARD);
  await subscription.close();
}
