import type { RecordOrigin, TickRecord } from '../channels/record.ts';

/**
 * The records that one writer has published, known by its name and their number. Their numbers grow in the order of the
 * log, so the highest that has come back says which of them the log has taken.
 */
export class OwnRecords {
  readonly #writer: string;
  #stamped = 0;
  #returned = 0;

  /** @param writer unlike that of every other process, and of an earlier run of this one */
  constructor(writer: string) {
    this.#writer = writer;
  }

  /** The origin of the next record. */
  stamp(): RecordOrigin {
    this.#stamped += 1;
    return [this.#writer, this.#stamped];
  }

  /** Whether a record that came over the log is one of these. From then on it counts as returned. */
  recognise({ by }: TickRecord): boolean {
    if (by === undefined || by[0] !== this.#writer) return false;
    this.#returned = Math.max(this.#returned, by[1]);
    return true;
  }

  /** The number of the record that was stamped last. */
  get stamped(): number {
    return this.#stamped;
  }

  /** Whether the record of this number has come back over the log, so that the log has taken it. */
  hasReturned(sequence: number): boolean {
    return sequence <= this.#returned;
  }
}
