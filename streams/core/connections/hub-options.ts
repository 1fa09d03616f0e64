import { type Clock, type Random, systemClock } from '../../../lib/clock.ts';
import type { Start } from '../../../lib/async/supervisor.ts';
import type { Logger } from '../../../lib/logging/log.ts';
import type { RepeatedLog } from '../../../lib/logging/repeated-log.ts';
import type { Broker } from '../broker.ts';
import type { Channel, ChannelCatalog } from '../channel.ts';
import type { SharedViewsOptions } from '../shared-views.ts';
import type { StreamObserver } from '../stream-observer.ts';
import type { TroubleSource } from '../troubles.ts';

export interface HubOptions extends Pick<
  SharedViewsOptions,
  'essential' | 'isPopular' | 'known' | 'watchLog'
> {
  broker: Broker;
  /** What the logs' events show on the channels. */
  catalog: Pick<ChannelCatalog, 'views'>;
  /** Default: the machine's. */
  clock?: Clock;
  /** Default: `Math.random`. */
  random?: Random;
  /** Default: JSON lines on stdout, from `warn` up. */
  logger?: Logger;
  /** The longest a busy stream gathers events before it writes them, in milliseconds. Default 20. */
  flushMs?: number;
  /** Silence after which a stream gets a heartbeat, in milliseconds. Default 15,000. */
  heartbeatMs?: number;
  /** Age at which a stream ends, ± 10 %, so that its client resumes elsewhere. Default: one hour. */
  maxAgeMs?: number;
  /** Bytes that may wait for one slow client. Default 1 MiB. */
  queueBytes?: number;
  /** Streams of this process. Default 20,000. */
  maxStreams?: number;
  /** Streams of one user. Default 64. */
  maxStreamsPerUser?: number;
  /** Streams of anonymous clients with one address. Default 64. */
  maxStreamsPerAddress?: number;
  /** Streams of this process that may read missed events at the same time. Default 200. */
  maxReplays?: number;
  /** The same for the streams of one user. Default 8. */
  maxReplaysPerUser?: number;
  observer?: StreamObserver | undefined;
  /** As `watchLog`, for a single channel that needs more than its log does. */
  watchChannel?: ((channel: Channel) => Start | null) | undefined;
  /** Troubles of channels, which their readers get a notice of. Call `hub.tellTroubles()` when they have changed. */
  troubles?: TroubleSource | undefined;
}

export const DEFAULTS = {
  clock: systemClock,
  random: Math.random,
  flushMs: 20,
  heartbeatMs: 15_000,
  maxAgeMs: 3_600_000,
  queueBytes: 2 ** 20,
  maxStreams: 20_000,
  maxStreamsPerUser: 64,
  maxStreamsPerAddress: 64,
  maxReplays: 200,
  maxReplaysPerUser: 8,
};

export type HubSettings = HubOptions & typeof DEFAULTS & { logger: Logger; repeated: RepeatedLog };
