import { CATALOG } from '../../streams/channels/catalog.ts';
import type { MarktideChannel } from '../../streams/channels/channel-type.ts';
import { parseChannels } from '../../streams/core/channel.ts';

/** The channels of a comma-separated list. */
export function channelsOf(list: string): MarktideChannel[] {
  return parseChannels(CATALOG, list.split(','));
}
