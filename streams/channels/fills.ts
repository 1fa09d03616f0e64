import { type ChannelType, ofPortfolio } from './channel-type.ts';
import { subjectOfLog } from './logs.ts';
import type { LedgerRecord } from './record.ts';

/** Trades booked, changed or removed. */
export const fills: ChannelType<LedgerRecord> = {
  type: 'fills',
  kind: 'events',
  address: 'fills:{portfolioId}',
  parse: ofPortfolio,
  views(record, log) {
    if (record.type !== 'fill') return [];
    const portfolioId = subjectOfLog(log);
    const { type: event, ...data } = record;
    // One connection may have the fills of several portfolios.
    const body = { portfolioId, ...data };
    return [{ kind: 'events', channel: `fills:${portfolioId}`, wildcard: null, event, body }];
  },
};
