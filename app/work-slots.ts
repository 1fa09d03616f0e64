import { Slots } from '../lib/async/slots.ts';
import type { Clock } from '../lib/clock.ts';
import type { Config } from '../lib/config/config.ts';
import type { Services } from '../routes/http/handler-services.ts';

/** Slots for the long-running work of a node, so that no client and no kind of work takes all of it. */
export function workSlots(config: Config, clock: Clock): Services['slots'] {
  // Each may hold a connection while a client reads its file, so one user does not get all of them.
  const exportsAtOnce = Math.max(1, Math.min(4, Math.floor(config.DATABASE_POOL / 2)));
  return {
    uploads: new Slots('uploads', { all: config.UPLOADS_MAX, client: config.UPLOADS_PER_USER }, clock),
    imports: new Slots('imports', { all: 2, client: 1 }, clock),
    exports: new Slots(
      'exports',
      { all: exportsAtOnce, client: Math.max(1, Math.min(2, exportsAtOnce - 1)) },
      clock,
    ),
    changes: new Slots(
      'changes',
      { all: Number.POSITIVE_INFINITY, client: Math.max(1, Math.floor(config.DATABASE_POOL / 3)) },
      clock,
    ),
  };
}
