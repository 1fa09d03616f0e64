import { hash } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { decimal, decimalOrNull } from '../../lib/money/money.ts';
import type { Database } from '../connection/database.ts';
import { jsonPieces } from '../connection/json-pieces.ts';
import { contentHash, COUNTED } from '../ledger/entry-identity.ts';
import { sourceJson } from '../ledger/entry-row.ts';
import { type EntryDraft, isMovement } from '../ledger/stored-entry.ts';

/** An entry of a file that is being imported, before its rates are looked up. */
export interface ImportedEntry {
  /** Line of the file that it begins on. */
  line: number;
  /** Of the entries of one row: from 0. */
  part: number;
  draft: EntryDraft;
  /**
   * The layout of a file whose rows get an id of their content and their number among equal rows, if they have none;
   * `null`: they stay without one.
   */
  layout: string | null;
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

/** Rows between two of `lines`: what is looked at by one statement. */
const PAGE = 1_000;

/**
 * Puts the rows of a file aside until the whole of it is there, and compares them with each other as they come: what is
 * remembered of each is a few bytes.
 *
 * A key (exchange, external id) that comes again is a duplicate with the same content, and a conflict with another. Rows
 * that get their id from their content are numbered among their equals: two equal rows are two fills.
 */
export class StagedRows {
  readonly importId: string;
  readonly #db: Database;
  readonly #clock: Clock;
  /** Where each key came first. */
  readonly #keys = new Map<string, { line: number; content: string }>();
  /** How often rows of a content have come that have no key of their own. */
  readonly #counts = new Map<string, number>();
  readonly #lines: number[] = [];
  #rows = 0;
  #keyless = 0;
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

  /** Rows that stay without an external id. */
  get keyless(): number {
    return this.#keyless;
  }

  /** Rows that say again what an earlier one of the file has said. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** Rows that have the key of an earlier one of the file, and another content. */
  get conflicts(): number {
    return this.#conflicts;
  }

  /** The last line of every page, and the very last one. */
  get lines(): readonly number[] {
    return this.#lines;
  }

  /** In order of line. */
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

  #row({ line, part, layout, draft }: ImportedEntry, created: Date): Record<keyof typeof COLUMNS, unknown> {
    if (this.#rows % PAGE === 0) this.#lines.push(line);
    else this.#lines[this.#lines.length - 1] = line;
    this.#rows += 1;
    const content = contentHash(draft);
    const trade = draft.kind === 'trade' ? draft : null;
    const movement = isMovement(draft) ? draft : null;
    const convert = draft.kind === 'convert' ? draft : null;
    const own = draft.kind === 'transfer' ? draft : null;
    const valued = movement ?? convert;
    const fee = (trade ?? own)?.fee ?? null;
    const { exchange } = draft;
    const isKeyless = draft.externalId === null;
    const nth = isKeyless ? this.#next(exchange, content) : null;
    const externalId =
      isKeyless && layout !== null ? `${COUNTED}${layout}:${content}:${nth}` : draft.externalId;
    if (externalId === null) this.#keyless += 1;
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
      counted: layout !== null,
      time: new Date(draft.time),
      base: trade?.base ?? null,
      quote: trade?.quote ?? null,
      side: trade?.side ?? null,
      asset: (valued ?? own)?.asset ?? null,
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
      sources: convert && convert.sources.map(sourceJson),
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

  /** The earlier row of a key; `null`: this is the first. */
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

/** Stands for a pair of texts in 16 bytes, however long they are: there may be one for every row. */
function shortOf(exchange: string, text: string): string {
  return hash('sha256', `${exchange}\n${text}`, 'buffer').toString('latin1', 0, 16);
}
