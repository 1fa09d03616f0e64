import { hash } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { decimal, decimalOrNull } from '../../lib/money/money.ts';
import type { Database } from '../connection/database.ts';
import { jsonPieces } from '../connection/json-pieces.ts';
import { contentHash, COUNTED } from '../ledger/entries/entry-identity.ts';
import { networkFeeOf, originJson, sourceJson } from '../ledger/entries/entry-row.ts';
import { type EntryDraft, isMovement, isTokenChange } from '../ledger/entries/stored-entry.ts';

/** An entry of a file that is being imported, before its rates are looked up. */
export interface ImportedEntry {
  /** The line of the file it begins on. */
  line: number;
  /** Index among the entries of the same row, from 0. */
  part: number;
  draft: EntryDraft;
  /** The layout of the file: rows without an id get one made of it, their content and their number. */
  layout: string;
  /** Whether an id stands for one content to the last digit, as in this program's own files. */
  isOwn: boolean;
}

const COLUMNS = {
  import_id: 'uuid',
  line: 'integer',
  part: 'smallint',
  kind: 'text',
  exchange: 'text',
  external_id: 'text',
  counted: 'boolean',
  time: 'timestamptz',
  base: 'text',
  quote: 'text',
  side: 'text',
  asset: 'text',
  quantity: 'numeric',
  price: 'numeric',
  unit_cost: 'numeric',
  fee_amount: 'numeric',
  fee_currency: 'text',
  order_id: 'text',
  order_type: 'text',
  note: 'text',
  tags: 'text[]',
  sequence: 'bigint',
  subtype: 'text',
  reason: 'text',
  account: 'text',
  to_account: 'text',
  txid: 'text',
  sources: 'json',
  confirmed: 'boolean',
  content_hash: 'text',
  nth: 'integer',
  outcome: 'text',
  twin: 'integer',
  created_at: 'timestamptz',
} as const;

const NAMES = Object.keys(COLUMNS).join(', ');
const SOURCE = Object.entries(COLUMNS)
  .map(([column, type]) => `${column} ${type}`)
  .join(', ');

/** Rows per page of `lines`; each page is processed in one statement. */
const PAGE = 1_000;

/**
 * Stages the rows of a file until all of them have arrived, and compares each with the previous ones, of
 * which it remembers a few bytes each.
 *
 * If a key (exchange, external id) comes again, the row is a duplicate if it has the same content and a
 * conflict otherwise. Rows without an id get one made of their content, and are numbered: two equal rows are two
 * fills.
 */
export class StagedRows {
  readonly importId: string;
  readonly #db: Database;
  readonly #clock: Clock;
  /** The first occurrence of each key. */
  readonly #keys = new Map<string, { line: number; content: string }>();
  /** The number of rows without a key, by content. */
  readonly #counts = new Map<string, number>();
  readonly #lines: number[] = [];
  #rows = 0;
  #ownKeyless = 0;
  #duplicates = 0;
  #conflicts = 0;

  constructor(db: Database, importId: string, clock: Clock) {
    this.#db = db;
    this.importId = importId;
    this.#clock = clock;
  }

  get rows(): number {
    return this.#rows;
  }

  /** The number of rows of this program's own files without an external id. */
  get ownKeyless(): number {
    return this.#ownKeyless;
  }

  /** The number of rows that repeat an earlier one of the file. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** The number of rows with the key of an earlier one of the file, but other content. */
  get conflicts(): number {
    return this.#conflicts;
  }

  /**
   * The last line of each page, the very last one included. Pages may overlap, because rows arrive only
   * roughly in order of line.
   */
  get lines(): readonly number[] {
    return this.#lines;
  }

  /** Roughly in order of line. */
  async add(entries: readonly ImportedEntry[]): Promise<void> {
    const created = new Date(this.#clock.now());
    const rows = function* rows(this: StagedRows): Generator<object, void, undefined> {
      for (const entry of entries) yield this.#row(entry, created);
    };
    for await (const json of jsonPieces(rows.call(this))) {
      await this.#db.raw(
        `insert into import_rows (${NAMES}) select ${NAMES} from json_to_recordset(?::json) as r (${SOURCE})`,
        [json],
      );
    }
  }

  #row(
    { line, part, layout, isOwn, draft }: ImportedEntry,
    created: Date,
  ): Record<keyof typeof COLUMNS, unknown> {
    if (this.#rows % PAGE === 0) this.#lines.push(line);
    // Rows that belong together arrive together, wherever they are in the file.
    else this.#lines[this.#lines.length - 1] = Math.max(line, this.#lines.at(-1) ?? line);
    this.#rows += 1;
    const content = contentHash(draft);
    const trade = draft.kind === 'trade' ? draft : null;
    const movement = isMovement(draft) ? draft : null;
    const convert = draft.kind === 'convert' ? draft : null;
    const change = isTokenChange(draft) ? draft : null;
    const own = draft.kind === 'transfer' ? draft : null;
    const valued = movement ?? convert;
    const fee = (trade ?? own)?.fee ?? networkFeeOf(movement);
    const { exchange } = draft;
    const isKeyless = draft.externalId === null;
    const nth = isKeyless ? this.#next(exchange, content) : null;
    const externalId = draft.externalId ?? `${COUNTED}${layout}:${content}:${nth}`;
    if (isKeyless && isOwn) this.#ownKeyless += 1;
    const first = draft.externalId === null ? null : this.#first(draft, line, content);
    const outcome = first === null ? null : first.isSame ? 'duplicate' : 'conflict';
    if (outcome === 'duplicate') this.#duplicates += 1;
    if (outcome === 'conflict') this.#conflicts += 1;
    return {
      import_id: this.importId,
      line,
      part,
      kind: draft.kind,
      exchange,
      external_id: externalId,
      counted: !isOwn,
      time: new Date(draft.time),
      base: trade?.base ?? null,
      quote: trade?.quote ?? null,
      side: trade?.side ?? null,
      asset: (valued ?? own ?? change)?.asset ?? null,
      quantity: decimal(draft.quantity),
      price: trade && decimal(trade.price),
      unit_cost: valued && decimalOrNull(valued.unitCost),
      fee_amount: fee && decimal(fee.amount),
      fee_currency: fee?.currency ?? null,
      order_id: draft.orderId,
      order_type: trade?.orderType ?? null,
      note: draft.note,
      tags: draft.tags,
      sequence: draft.sequence ?? null,
      subtype: movement?.subtype ?? null,
      reason: movement?.reason ?? null,
      account: draft.account ?? null,
      to_account: own?.toAccount ?? null,
      txid: (movement ?? own)?.txid ?? null,
      sources: change === null ? convert && convert.sources.map(sourceJson) : [originJson(change)],
      confirmed: movement?.confirmed ?? null,
      content_hash: content,
      nth,
      outcome,
      twin: first?.line ?? null,
      created_at: created,
    };
  }

  /** The number of a row among its equals, from 1. */
  #next(exchange: string, content: string): number {
    const key = shortOf(exchange, content);
    const nth = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, nth);
    return nth;
  }

  /** The earlier row with the same key; `null` if this is the first. */
  #first(
    { exchange, externalId }: EntryDraft,
    line: number,
    content: string,
  ): { line: number; isSame: boolean } | null {
    const key = shortOf(exchange, externalId ?? '');
    const short = shortOf('', content);
    const first = this.#keys.get(key);
    if (first !== undefined) return { line: first.line, isSame: first.content === short };
    this.#keys.set(key, { line, content: short });
    return null;
  }
}

/** A 16-byte digest of two texts of any length: there may be one for every row. */
function shortOf(exchange: string, text: string): string {
  return hash('sha256', `${exchange}\n${text}`, 'buffer').toString('latin1', 0, 16);
}
