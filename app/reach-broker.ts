import type { Clock } from '../lib/clock.ts';
import { type Broker, BrokerUnavailableError, type LogListener } from '../streams/core/broker.ts';

const PAUSE_MS = 100;
const UNHEARD: LogListener = { events: () => undefined, reset: () => undefined, condition: () => undefined };

/**
 * Resolves when the broker answers, requests and live delivery both: at the start it may be slow, or this process too
 * busy with itself to hear the answer in time.
 * @throws BrokerUnavailableError when it has not after `ms`
 */
export async function reachBroker(broker: Broker, clock: Clock, ms: number): Promise<void> {
  const until = clock.monotonic() + ms;
  for (;;) {
    try {
      const subscription = await broker.subscribe('canary:start', UNHEARD);
      await subscription.close();
      return;
    } catch (error) {
      if (!(error instanceof BrokerUnavailableError) || clock.monotonic() >= until) throw error;
      await new Promise<void>((resolve) => {
        clock.after(PAUSE_MS, resolve);
      });
    }
  }
}
