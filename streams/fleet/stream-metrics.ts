import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Hub } from '../core/connections/hub.ts';
import type { Readiness } from './readiness.ts';
import type { StartOutcome, StreamObserver, Transport } from '../core/stream-observer.ts';

const TRANSPORTS: readonly Transport[] = ['sse', 'ndjson', 'websocket'];

/** The streams as Prometheus sees them. All names begin with `marktide_`. */
export class StreamMetrics implements StreamObserver {
  readonly #registry: Registry;
  readonly #opened: Counter<'transport'>;
  readonly #closed: Counter<'transport' | 'reason'>;
  readonly #started: Counter<'outcome'>;
  readonly #dropped: Counter<'reason'>;
  readonly #latency: Histogram;
  // Counted in plain numbers and read at the scrape: these move with every write.
  #flushes = 0;
  #sent = 0;
  readonly #received = { market: 0, portfolio: 0, service: 0 };

  constructor(registry: Registry) {
    this.#registry = registry;
    const registers = [registry];
    this.#opened = new Counter({
      name: 'marktide_stream_connections_total',
      help: 'Streams opened.',
      labelNames: ['transport'],
      registers,
    });
    this.#closed = new Counter({
      name: 'marktide_stream_ends_total',
      help: 'Streams ended; reason "closed": by the client.',
      labelNames: ['transport', 'reason'],
      registers,
    });
    this.#started = new Counter({
      name: 'marktide_stream_resumes_total',
      help: 'How streams began: fresh, resumed whole, or reset-<reason>.',
      labelNames: ['outcome'],
      registers,
    });
    this.#dropped = new Counter({
      name: 'marktide_stream_dropped_frames_total',
      help: 'Frames never written: "conflated" (a newer state came) or "slow-reader" (the stream was ended).',
      labelNames: ['reason'],
      registers,
    });
    for (const transport of TRANSPORTS) this.#opened.inc({ transport }, 0);
    for (const reason of ['conflated', 'slow-reader']) this.#dropped.inc({ reason }, 0);
    for (const outcome of ['fresh', 'resumed']) this.#started.inc({ outcome }, 0);
    this.#latency = new Histogram({
      name: 'marktide_stream_publish_to_write_seconds',
      help: 'From the publishing of the oldest event of a flush to its write, for the last of those that share it.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    });
    this.#counted('marktide_stream_flushes_total', 'Writes to connections.', () => this.#flushes);
    this.#counted('marktide_stream_events_sent_total', 'Events written to connections.', () => this.#sent);
    const received = this.#received;
    new Counter({
      name: 'marktide_broker_events_received_total',
      help: 'Events that came from the broker to the streams of this process.',
      labelNames: ['log'],
      registers,
      collect() {
        this.reset();
        for (const [log, count] of Object.entries(received)) this.inc({ log }, count);
      },
    });
  }

  /** Adds what is looked up at each scrape. */
  watch(hub: Hub, readiness: Readiness): void {
    const registers = [this.#registry];
    this.#watchReadiness(readiness);
    new Gauge({
      name: 'marktide_stream_connections',
      help: 'Open streams.',
      labelNames: ['transport'],
      registers,
      collect() {
        for (const transport of TRANSPORTS) this.set({ transport }, 0);
        for (const { transport } of hub.streams()) this.inc({ transport });
      },
    });
    new Gauge({
      name: 'marktide_stream_queued_bytes',
      help: 'Bytes that wait for readers, of all connections.',
      registers,
      collect() {
        this.set(hub.streams().reduce((sum, { subscriber }) => sum + subscriber.queuedBytes, 0));
      },
    });
  }

  #watchReadiness(readiness: Readiness): void {
    const { watchdog } = readiness;
    this.#gauge('marktide_broker_ready', '1 while the canary comes back through the broker.', () =>
      readiness.health().broker.ready ? 1 : 0,
    );
    this.#gauge(
      'marktide_broker_round_trip_seconds',
      'From publishing to delivery of the last canary; NaN before the first.',
      () => secondsOf(readiness.health().broker.roundTripMs),
    );
    this.#gauge(
      'marktide_projection_ready',
      '1 while a projection that is started anew publishes figures that come back.',
      () => (readiness.health().projection.ready ? 1 : 0),
    );
    this.#gauge(
      'marktide_projection_round_trip_seconds',
      'From the start of the last such projection to the delivery of its figures; NaN before the first.',
      () => secondsOf(readiness.health().projection.roundTripMs),
    );
    this.#gauge(
      'marktide_stream_stuck_connections',
      'Open streams that never became ready and receive nothing.',
      () => watchdog.stuckStreams,
    );
    this.#gauge(
      'marktide_projections_stalled',
      'Watched portfolios whose figures have moved and are not published.',
      () => watchdog.stalledProjections,
    );
  }

  opened(transport: Transport): void {
    this.#opened.inc({ transport });
  }

  closed(transport: Transport, reason: string): void {
    this.#closed.inc({ transport, reason });
  }

  started(outcome: StartOutcome): void {
    this.#started.inc({ outcome });
  }

  received(log: string, events: number): void {
    const kind = log === 'market' ? 'market' : log.startsWith('portfolio:') ? 'portfolio' : 'service';
    this.#received[kind] += events;
  }

  flushed(writes: number, events: number, waitedMs: number | null): void {
    this.#flushes += writes;
    this.#sent += events;
    // The clocks of two machines may differ, so a negative delay counts as zero.
    if (waitedMs !== null) this.#latency.observe(Math.max(0, waitedMs) / 1000);
  }

  dropped(reason: 'conflated' | 'slow-reader', frames: number): void {
    this.#dropped.inc({ reason }, frames);
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  #counted(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
}

function secondsOf(ms: number | null): number {
  return ms === null ? Number.NaN : ms / 1000;
}
