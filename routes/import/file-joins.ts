import type { JoinedLines } from '../../db/import/import-joins.ts';
import type { EntryDraft } from '../../db/ledger/entries/stored-entry.ts';
import type { RawEntry } from '../../lib/import/reading/format.ts';
import { type Fixed, ZERO } from '../../lib/money/money.ts';

interface Half {
  line: number;
  kind: string;
  asset: string;
  /** For a withdrawal: without its fee. */
  quantity: Fixed;
  other: string;
}

/**
 * Finds the rows of an own file that are the two halves of an own transfer: each names the id of the other.
 */
export class FileJoins {
  readonly #halves = new Map<string, Half>();

  add(line: number, raw: RawEntry, draft: EntryDraft): void {
    if (raw.kind === 'trade' || raw.joinedWith === undefined) return;
    if (draft.kind !== 'withdrawal' && draft.kind !== 'deposit') return;
    const { kind, asset, quantity, networkFee = ZERO } = draft;
    const half = { line, kind, asset, quantity: quantity - networkFee, other: raw.joinedWith };
    // A row without an id cannot be named by another.
    this.#halves.set(raw.rowId ?? `#${line}`, half);
  }

  get pairs(): JoinedLines[] {
    const pairs: JoinedLines[] = [];
    for (const [id, withdrawal] of this.#halves) {
      const deposit = this.#halves.get(withdrawal.other);
      if (deposit?.other !== id || !fits(withdrawal, deposit)) continue;
      pairs.push({ withdrawal: withdrawal.line, deposit: deposit.line });
    }
    return pairs;
  }

  /** The number of rows whose other half is not in the file. */
  get unjoined(): number {
    return this.#halves.size - 2 * this.pairs.length;
  }
}

function fits(withdrawal: Half, deposit: Half): boolean {
  return (
    withdrawal.kind === 'withdrawal' &&
    deposit.kind === 'deposit' &&
    withdrawal.asset === deposit.asset &&
    withdrawal.quantity >= deposit.quantity
  );
}
