import type { View } from '../core/channel.ts';
import { type ChannelType, ofPortfolio } from './channel-type.ts';
import { subjectOfLog } from './logs.ts';

/** A private state channel that shows a record's body as it is. */
export function portfolioState(type: string, event: string): ChannelType<{ body: object | string }> {
  return {
    type,
    kind: 'state',
    address: `${type}:{portfolioId}`,
    parse: ofPortfolio,
    views: ({ body }, log): View[] => [
      { kind: 'state', channel: `${type}:${subjectOfLog(log)}`, wildcard: null, event, body },
    ],
  };
}
