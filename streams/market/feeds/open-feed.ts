import type { Clock, Random } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logging/log.ts';
import type { Feed } from '../tick.ts';
import { CcxtFeed } from './ccxt-feed.ts';
import type { FeedSpec } from './feed-spec.ts';
import { pushFeed } from './push-feed.ts';
import { ReplayFeed } from './replay-feed.ts';
import { SimulatorFeed } from './simulator-feed.ts';

export interface FeedOptions {
  clock: Clock;
  random: Random;
  log: Logger;
  /** `1`: as recorded; `max`: as fast as the market log takes it. */
  replaySpeed: number | 'max';
  /** Of the simulator; without it each run is another. */
  seed?: number | undefined;
  /** The last known price as decimal text, where the simulator goes on. */
  lastPrice?: (symbol: string) => string | null;
}

/** A new, not yet started feed. */
export function openFeed(spec: FeedSpec, options: FeedOptions): Feed {
  switch (spec.kind) {
    case 'simulator':
      return new SimulatorFeed(options);
    case 'replay':
      return new ReplayFeed({ ...spec, ...options, speed: options.replaySpeed });
    case 'ccxt':
      return new CcxtFeed({ ...spec, ...options });
    default:
      return pushFeed(spec.kind);
  }
}
