import { hash } from 'node:crypto';
import { type NewDecision, MAX_OPEN_DECISIONS } from '../../db/import/import-decisions.ts';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import type { RawDecision } from '../../lib/import/reading/format.ts';
import { problem } from '../../lib/problem.ts';

/**
 * The decisions of one file. Equal ones are numbered, so that importing the file again asks nothing twice.
 */
export class FileDecisions {
  readonly all: NewDecision[] = [];
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws Problem if there are more than a person would settle */
  add(line: number, decision: RawDecision): void {
    if (this.all.length === MAX_OPEN_DECISIONS) {
      throw problem('unprocessable-entry', {
        detail: `More than ${MAX_OPEN_DECISIONS} rows cannot be booked without a decision: is it the right file?`,
        errors: [
          {
            line,
            detail: 'is one row too many that only its owner can explain',
            code: 'too-many-decisions',
            params: { limit: String(MAX_OPEN_DECISIONS) },
          },
        ],
      });
    }
    const { exchange, code, word, time, moves } = decision;
    const content = hash('sha256', JSON.stringify([exchange, code, word, time, moves]), 'base64url');
    const nth = (this.#counts.get(content) ?? 0) + 1;
    this.#counts.set(content, nth);
    this.all.push({ id: newId(this.#clock), key: `${content}:${nth}`, line, decision });
  }
}
