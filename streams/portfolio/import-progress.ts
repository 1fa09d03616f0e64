import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { type Broker } from '../core/broker.ts';
import { portfolioLog } from '../channels/logs.ts';
import { encodeRecord } from '../channels/record-codec.ts';
import type { ImportProgressBody } from '../../lib/schemas/import-progress-schema.ts';

/** Events of an import per second: enough for a progress bar, and few enough for a ring of some hundreds. */
const INTERVAL_MS = 500;

type Change = Partial<Omit<ImportProgressBody, 'portfolioId' | 'importId' | 'asOf' | 'dryRun'>>;

/**
 * Publishes the progress of an import on the `imports:` channel of its portfolio. A new phase is published at once,
 * progress within it from time to time. Without the broker the import continues unpublished.
 */
export class ImportProgress {
  readonly #options: { broker: Broker; clock: Clock; logger: Logger };
  #body: ImportProgressBody;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** One publish at a time keeps them in order. */
  #telling: Promise<void> = Promise.resolve();

  constructor(
    options: { broker: Broker; clock: Clock; logger: Logger },
    about: { portfolioId: string; importId: string; dryRun: boolean; bytes: number | null },
  ) {
    this.#options = options;
    const { bytes, ...rest } = about;
    this.#body = {
      ...rest,
      asOf: '',
      phase: 'reading',
      bytes: { read: 0, total: bytes },
      rows: 0,
      rejected: 0,
      booked: 0,
      toBook: 0,
      result: null,
      detail: null,
    };
  }

  tell(change: Change): void {
    const { clock } = this.#options;
    const isNewPhase = change.phase !== undefined && change.phase !== this.#body.phase;
    this.#body = { ...this.#body, ...change };
    if (!isNewPhase && clock.monotonic() - this.#toldAt < INTERVAL_MS) return;
    this.#toldAt = clock.monotonic();
    const body = { ...this.#body, asOf: new Date(clock.now()).toISOString() };
    this.#telling = this.#telling.then(() => this.#publish(body));
  }

  /** Resolves when everything is published. */
  settled(): Promise<void> {
    return this.#telling;
  }

  async #publish(body: ImportProgressBody): Promise<void> {
    const { broker, logger } = this.#options;
    try {
      const data = encodeRecord({ type: 'import', body });
      await broker.publish(portfolioLog(body.portfolioId), [{ key: 'import', data }]);
    } catch (error) {
      logger.warn(
        { err: error, importId: body.importId },
        'the progress of an import could not be published',
      );
    }
  }
}
