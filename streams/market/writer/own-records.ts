import type { RecordOrigin, TickRecord } from '../../channels/record.ts';

/**
 * The records that one writer has published, recognised by its name and their number. The numbers increase in the order
 * of the log, so the highest one that has come back tells which of them the log has taken.
 */
export class OwnRecords {
  readonly #writer: string;
  #stamped = 0;
  #returned = 0;

  /** @param writer unique among all processes, and runs of this one */
  constructor(writer: string) {
    this.#writer = writer;
  }

  /** The origin of the next record. */
  stamp(): RecordOrigin {
    this.#stamped += 1;
    return [this.#writer, this.#stamped];
  }

  /** Whether a record that came over the log is one of these. From then on it counts as returned. */
  recognise({ by }: Pick<TickRecord, 'by'>): boolean {
    if (by === undefined || by[0] !== this.#writer) return false;
    this.#returned = Math.max(this.#returned, by[1]);
    return true;
  }

  /** The number of the last stamped record. */
  get stamped(): number {
    return this.#stamped;
  }

  /** Whether the record of this number has come back over the log, so that the log has taken it. */
  hasReturned(sequence: number): boolean {
    return sequence <= this.#returned;
  }
}
