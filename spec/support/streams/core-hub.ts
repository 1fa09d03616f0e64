import { CATALOG } from '../../../streams/channels/catalog.ts';
import type { HubOptions } from '../../../streams/core/connections/hub-options.ts';
import { Hub } from '../../../streams/core/connections/hub.ts';
import { quiet } from '../log-watch.ts';

/** A hub for tests of the core: nothing is random, and one client may have a hundred streams. */
export function coreHub(options: Partial<HubOptions> & Pick<HubOptions, 'broker' | 'clock'>): Hub {
  return new Hub({
    random: () => 0.5,
    logger: quiet,
    flushMs: 20,
    heartbeatMs: 15_000,
    maxAgeMs: 3_600_000,
    queueBytes: 50_000,
    maxStreams: 100,
    maxStreamsPerUser: 100,
    maxStreamsPerAddress: 100,
    catalog: CATALOG,
    ...options,
  });
}
