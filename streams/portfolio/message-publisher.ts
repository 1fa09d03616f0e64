import type { OutboxMessage } from '../../db/ledger/portfolios/outbox.ts';
import { type Broker, SequenceGapError } from '../core/broker.ts';
import { portfolioLog } from '../channels/logs.ts';
import { ledgerVersionOf } from '../channels/record-codec.ts';

/** Records of one publish: a batch of 10,000 fills must not become one message of several megabytes. */
const BATCH_SIZE = 500;
/** How many events of a log are searched for records that were published without a number. */
const SEARCHED = 500;

/** What publishing needs of a broker. */
export type MessageBroker = Pick<Broker, 'publish' | 'head' | 'history'>;

/** A record with its number in the sequence of its log. */
interface NumberedRecord {
  number: number;
  data: string;
}

/**
 * The records of a message take the numbers of the versions that the change has passed, the last record that of the
 * version it has reached. So a message with thousands of records can be published in parts, and a node that continues
 * it learns from the log which of them are there.
 */
function numbered({ previousVersion, version, records }: OutboxMessage): NumberedRecord[] {
  const isWide = records.length <= version - previousVersion;
  const last = records.length - 1;
  return records.map((data, index) => ({
    data,
    number: isWide && index < last ? previousVersion + 1 + index : version,
  }));
}

/**
 * Versions of the ledger records among the newest events of the log. Nodes of an earlier version publish without a number, which the
 * log therefore does not know, and delete the message a moment later.
 */
async function versionsIn(broker: MessageBroker, log: string): Promise<ReadonlySet<number>> {
  const { epoch, offset } = await broker.head(log);
  const page = await broker.history(log, { epoch, offset: Math.max(0, offset - SEARCHED) }, SEARCHED);
  const events = 'lost' in page ? [] : page.events;
  return new Set(events.flatMap(({ data }) => ledgerVersionOf(data) ?? []));
}

/** The length of the next batch. Records with one number stay together. */
function batchLength(records: readonly NumberedRecord[], size: number): number {
  let length = Math.min(size, records.length);
  while (length < records.length && records[length]?.number === records[length - 1]?.number) length += 1;
  return length;
}

/**
 * Publishes messages of one portfolio, in the order given, skipping what its log has taken before.
 * @param options.isComplete they are all that is pending up to the last of them, in the order of versions: where the log
 *   lacks what comes before the first one, that was published before the log was lost, or never had a message
 * @throws SequenceGapError when that is not known, and the log lacks something; BrokerUnavailableError
 */
export async function publishMessages(
  broker: MessageBroker,
  messages: readonly OutboxMessage[],
  { isComplete, batchSize = BATCH_SIZE }: { isComplete: boolean; batchSize?: number | undefined },
): Promise<void> {
  const [first] = messages;
  if (first === undefined) return;
  const log = portfolioLog(first.portfolioId);
  let records = messages.flatMap(numbered);
  let after: number | null = first.previousVersion;
  const dropPublished = async (): Promise<void> => {
    const published = await versionsIn(broker, log);
    records = records.filter(({ data }) => !published.has(ledgerVersionOf(data) ?? Number.NaN));
  };
  // A log without any number takes the first change of a ledger, whatever it holds.
  if (isComplete && after === 0) await dropPublished();
  while (records.length > 0) {
    const batch = records.slice(0, batchLength(records, batchSize));
    const last = batch.at(-1)?.number ?? first.version;
    try {
      await broker.publish(
        log,
        batch.map(({ data }) => ({ data })),
        { sequence: { after, last } },
      );
      records = records.slice(batch.length);
      after = last;
    } catch (error) {
      if (!(error instanceof SequenceGapError)) throw error;
      const taken = error.last;
      if (taken === null || taken < first.previousVersion) {
        if (!isComplete) throw error;
        await dropPublished();
      }
      // The log must still be there when the batch comes again: another node may be publishing the same.
      records = records.filter(({ number }) => taken === null || number > taken);
      after = taken;
    }
  }
}
