import { type ChannelType, ofPortfolio } from './channel-type.ts';
import { subjectOfLog } from './logs.ts';
import type { LedgerRecord } from './record.ts';

function subjectOf(record: LedgerRecord): string {
  if (record.type !== 'fill') return record.type;
  if ('importId' in record) return 'import';
  return 'accountId' in record ? 'account' : 'trade';
}

/** Every change of the ledger and of the portfolio's settings. */
export const ledger: ChannelType<LedgerRecord> = {
  type: 'ledger',
  kind: 'events',
  address: 'ledger:{portfolioId}',
  parse: ofPortfolio,
  views(record, log) {
    // Written by a node of the previous version: it says only that there was a transfer.
    if (record.type === 'transfer' && !('transfer' in record)) return [];
    const portfolioId = subjectOfLog(log);
    const { type: _, ...data } = record;
    const body = { portfolioId, subject: subjectOf(record), ...data };
    return [{ kind: 'events', channel: `ledger:${portfolioId}`, wildcard: null, event: 'ledger', body }];
  },
};
