import type { Logger } from '../lib/log.ts';
import { type Broker, BrokerUnavailableError } from './broker.ts';
import type { PortfolioRecord } from './record.ts';

/** Events of one publish at most: a batch of 10,000 fills must not become one message of several megabytes. */
const CHUNK = 500;

/**
 * Tells a portfolio's log that its ledger has moved, after the transaction is committed. The ledger is the truth: with
 * the broker away the write stays acknowledged, and the projector finds the new version by its own check.
 */
export async function announce(
  { broker, logger }: { broker: Broker; logger: Logger },
  log: string,
  records: readonly PortfolioRecord[],
): Promise<void> {
  try {
    for (let start = 0; start < records.length; start += CHUNK) {
      const chunk = records.slice(start, start + CHUNK);
      await broker.publish(
        log,
        chunk.map((record) => ({ data: JSON.stringify(record) })),
      );
    }
  } catch (error) {
    if (!(error instanceof BrokerUnavailableError)) throw error;
    logger.warn({ log, events: records.length }, 'the broker is away: a ledger change was not announced');
  }
}
