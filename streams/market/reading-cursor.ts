import type { Clock } from '../../lib/clock.ts';
import { type Broker, BrokerUnavailableError } from '../core/broker.ts';
import { MARKET_LOG, portfolioLog } from '../channels/logs.ts';
import { channelSetTag } from '../core/channel.ts';
import { cursorAt } from '../core/cursor.ts';
import type { Market } from './market.ts';

/** A broker that takes longer is as good as unreachable: the read does not depend on it. */
const WAIT_MS = 250;

/**
 * A cursor for clients that read a portfolio and then open a stream. It is taken first, so that nothing which is
 * missing from the response is missing from the stream. Its channel set matches none, so a stream also begins with the
 * state of each of its channels.
 * @returns `null` if the broker cannot be reached
 */
export async function readingCursor(
  { broker, market, clock }: { broker: Broker; market: Market; clock: Clock },
  portfolioId: string,
): Promise<string | null> {
  const log = portfolioLog(portfolioId);
  const marketPosition = market.position;
  let cancel = (): void => undefined;
  const tooLate = new Promise<null>((resolve) => {
    cancel = clock.after(WAIT_MS, () => resolve(null));
  });
  try {
    const head = await Promise.race([broker.head(log), tooLate]);
    if (head === null) return null;
    const positions = new Map([
      [MARKET_LOG, marketPosition],
      [log, head],
    ]);
    return cursorAt(channelSetTag([]), positions);
  } catch (error) {
    if (error instanceof BrokerUnavailableError) return null;
    throw error;
  } finally {
    cancel();
  }
}
