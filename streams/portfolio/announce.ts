import type { Logger } from '../../lib/log.ts';
import { type Broker, BrokerUnavailableError } from '../core/broker.ts';
import type { PortfolioRecord } from '../channels/record.ts';

/**
 * Tells the projector that a ledger has moved, after the transaction is committed. What clients see goes by the outbox;
 * this may get lost: with the broker away the projector finds the new version by its own check.
 */
export async function announce(
  { broker, logger }: { broker: Broker; logger: Logger },
  log: string,
  records: readonly PortfolioRecord[],
): Promise<void> {
  try {
    await broker.publish(
      log,
      records.map((record) => ({ data: JSON.stringify(record) })),
    );
  } catch (error) {
    if (!(error instanceof BrokerUnavailableError)) throw error;
    logger.warn({ log }, 'the broker is away: a ledger change was not announced');
  }
}
