import { integer } from './variable.ts';

/** Streams, their rings and what they write. */
export const STREAM_VARIABLES = {
  STREAM_FLUSH_MS: integer(0, 1_000)
    .default(20)
    .describe('Maximum time a busy stream collects events before it writes them, in milliseconds.'),
  // The clients take a stream for dead that is silent for 25 seconds, on which a slow network may spend some.
  STREAM_HEARTBEAT_MS: integer(100, 20_000)
    .default(15_000)
    .describe(
      'Idle time after which a stream sends a heartbeat comment, in milliseconds. Clients reconnect after 25 seconds of silence.',
    ),
  STREAM_MAX_AGE_MS: integer(1_000, 86_400_000)
    .default(3_600_000)
    .describe('Age at which a stream ends and the client resumes (± 10 %), in milliseconds.'),
  STREAM_QUEUE_KB: integer(64, 65_536)
    .default(1_024)
    .describe('Maximum size of the queue of one connection, in KiB.'),
  STREAMS_PER_ADDRESS: integer(1, 1_000_000)
    .default(64)
    .describe('Open streams without a log-in from one address (IPv6: one /64 network), on each node.'),
  STREAMS_PER_USER: integer(1, 100_000).default(64).describe('Open streams of one user, on each node.'),
  STREAMS_MAX: integer(1, 1_000_000).default(20_000).describe('Open streams of each node.'),
  REPLAYS_PER_USER: integer(1, 100_000)
    .optional()
    .describe(
      'Streams of one user that may replay at once after a disconnect, on each node; the others wait. Unset: an eighth of `STREAMS_PER_USER`.',
    ),
  REPLAYS_MAX: integer(1, 1_000_000)
    .optional()
    .describe('The same for all streams of each node. Unset: a hundredth of `STREAMS_MAX`.'),
  RING_EVENTS: integer(10, 10_000_000).default(100_000).describe('Events the market ring keeps for resume.'),
  RING_MB: integer(1, 16_384).default(64).describe('Size of the market ring, in MiB.'),
  PORTFOLIO_RING_EVENTS: integer(10, 100_000)
    .default(500)
    .describe('Events a portfolio ring keeps for resume.'),
  RING_AGE_S: integer(10, 604_800)
    .default(86_400)
    .describe('Maximum age of events in the rings, in seconds.'),
  HOLDINGS_INTERVAL_MS: integer(10, 60_000)
    .default(1_000)
    .describe('Minimum time between two holdings events of a portfolio, in milliseconds.'),
  PNL_INTERVAL_MS: integer(10, 60_000)
    .default(250)
    .describe('Minimum time between two PnL events of a portfolio, in milliseconds.'),
};
