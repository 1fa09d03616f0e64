import assert from 'node:assert/strict';
import { AccountError } from '../../lib/exchanges/account-failure.ts';
import type { RawEntry } from '../../lib/import/reading/format.ts';
import { decimal, type Fixed, fixed, mul, ZERO } from '../../lib/money/money.ts';
import type { AccountAdapter, Cursor } from '../../streams/accounts/exchanges/adapter.ts';

/** Amounts that are not nothing, as text. */
export function shown(sums: ReadonlyMap<string, Fixed>): Record<string, string> {
  return Object.fromEntries(
    [...sums].filter(([, amount]) => amount !== ZERO).map(([asset, amount]) => [asset, decimal(amount)]),
  );
}

/** What entries come to, by asset, each id counted once. */
export function sumsOf(entries: Iterable<RawEntry>): Map<string, Fixed> {
  const sums = new Map<string, Fixed>();
  const add = (asset: string, amount: Fixed) => sums.set(asset, (sums.get(asset) ?? ZERO) + amount);
  for (const entry of entries) {
    const quantity = fixed(entry.quantity);
    if (entry.kind === 'trade') {
      const [base = '', quote = ''] = entry.symbol.split('/');
      const sign = entry.side === 'buy' ? 1n : -1n;
      add(base, sign * quantity);
      add(quote, -sign * mul(quantity, fixed(entry.price)));
    } else {
      add(entry.asset, entry.kind === 'withdrawal' || entry.kind === 'fee' ? -quantity : quantity);
      for (const source of entry.from ?? []) add(source.asset, -fixed(source.quantity));
    }
    // A withdrawal's fee is part of its quantity.
    if (entry.fee !== undefined && entry.kind !== 'withdrawal')
      add(entry.fee.currency, -fixed(entry.fee.amount));
  }
  return sums;
}

/** Reads an account as a node does: page by page from where it was, the first that comes of an id counts. */
export class AccountReader {
  readonly entries = new Map<string, RawEntry>();
  readonly #cursors = new Map<string, Cursor>();
  #adapter: AccountAdapter;

  constructor(adapter: AccountAdapter) {
    this.#adapter = adapter;
  }

  /** Goes on with another adapter, as another node does. */
  moveTo(adapter: AccountAdapter): void {
    this.#adapter = adapter;
  }

  get sums(): Record<string, string> {
    return shown(sumsOf(this.entries.values()));
  }

  /** Reads to the end, or until so many pages of a source were read. */
  async read(now: number, most = Infinity): Promise<void> {
    for (const source of this.#adapter.sources) {
      for (let pages = 0; pages < most; pages += 1) {
        assert.ok(pages < 500, `${source} does not end`);
        const page = await this.#adapter.page(source, this.#cursors.get(source) ?? null, now);
        for (const entry of page.entries) {
          const id = entry.externalId ?? '';
          if (!this.entries.has(id)) this.entries.set(id, entry);
        }
        // Through JSON, as the database keeps it.
        this.#cursors.set(source, JSON.parse(JSON.stringify(page.cursor)) as Cursor);
        if (page.isLast) break;
      }
    }
  }
}

export async function failureOf(task: Promise<unknown>): Promise<AccountError['failure']> {
  const error: unknown = await task.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof AccountError, String(error));
  return error.failure;
}
