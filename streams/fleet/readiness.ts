import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import type { Broker } from '../core/broker.ts';
import type { Hub } from '../core/connections/hub.ts';
import type { Leases } from '../core/lease.ts';
import type { Projector } from '../portfolio/projector.ts';
import { BrokerCanary } from './broker-canary.ts';
import type { HealthCheck, RoundTripCheck } from './health-check.ts';
import { ProjectionCanary } from './projection-canary.ts';
import { StreamWatchdog } from './stream-watchdog.ts';

export interface ReadinessOptions {
  broker: Broker;
  leases: Leases;
  hub: Hub;
  projector: Projector;
  clock: Clock;
  logger: Logger;
  /** Distinguishes this process from others. */
  node: string;
  /** What is known to be wrong besides; `null`: nothing. */
  faults: { broker: () => string | null; database: () => string | null };
}

export interface StreamHealth {
  broker: RoundTripCheck;
  projection: RoundTripCheck;
  streams: HealthCheck;
}

/** Whether this node can serve streams: round trips through the broker and a projection, and stuck streams. */
export class Readiness {
  readonly #broker: BrokerCanary;
  readonly #projection: ProjectionCanary;
  readonly #faults: ReadinessOptions['faults'];
  readonly watchdog: StreamWatchdog;
  #leaving = false;

  constructor(options: ReadinessOptions) {
    this.#broker = new BrokerCanary(options);
    this.#projection = new ProjectionCanary(options);
    this.watchdog = new StreamWatchdog(options);
    this.#faults = options.faults;
  }

  start(): void {
    this.#broker.start();
    this.#projection.start();
  }

  /** This node is about to stop: load balancers should send no more requests. */
  leave(): void {
    this.#leaving = true;
  }

  get isLeaving(): boolean {
    return this.#leaving;
  }

  health(): StreamHealth {
    return {
      broker: faulty(this.#broker.health(), this.#faults.broker()),
      projection: this.#projection.health(),
      streams: this.watchdog.health(),
    };
  }

  /** What is wrong with the database although it answers; `null`: nothing. */
  get databaseFault(): string | null {
    return this.#faults.database();
  }

  async close(): Promise<void> {
    this.watchdog.close();
    await Promise.all([this.#broker.close(), this.#projection.close()]);
  }
}

function faulty(check: RoundTripCheck, fault: string | null): RoundTripCheck {
  return fault === null ? check : { ...check, ready: false, detail: fault };
}
