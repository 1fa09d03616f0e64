import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Fixed } from '../../lib/money/money.ts';
import { decimal } from '../../lib/money/money.ts';

/** Cases whose answers the suites of other projects assert; each names its source. */
export interface Sample {
  id: string;
  kind: string;
  method: string;
  quote: string | null;
  trades: SampleTrade[];
  prices: { time: string; symbol: string; price: string }[];
  cashflows: { time: string; type?: string; amount: string }[];
  income?: { time: string; symbol: string; quantity: string; unitAmount: string }[];
  splits?: { time: string; symbol: string; numerator: number; denominator: number }[];
  returns?: (string | null)[];
  benchmark?: string | (string | null)[];
  params?: Record<string, string | number>;
  closedProfits?: string[];
  startBalance?: string;
  accumulated?: string[];
  startDate?: string;
  valuationTime?: string;
  period?: { start: string; end: string; startExclusive?: boolean };
  tolerance: { abs?: string; rel?: string; dp?: number; exact?: boolean };
  expected: Json;
}

export interface SampleTrade {
  time: string;
  side: 'buy' | 'sell';
  symbol: string;
  quantity: string;
  price?: string | null;
  amount?: string;
  grossAmount?: string;
  fee: string;
  tax?: string;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export const samples: Sample[] = JSON.parse(
  readFileSync(new URL('../fixtures/pnl-samples.json', import.meta.url), 'utf8'),
);

/** Compares answers with a sample's and keeps account of which have been looked at. */
export class Checker {
  readonly seen = new Set<string>();
  readonly #sample: Sample;

  constructor(sample: Sample) {
    this.#sample = sample;
  }

  /** The expected value at a path such as `position.fee`. */
  at(path: string): Json {
    const found = path
      .split('.')
      .reduce<Json | undefined>(
        (node, key) =>
          Array.isArray(node)
            ? node[Number(key)]
            : node !== null && typeof node === 'object'
              ? node[key]
              : undefined,
        this.#sample.expected,
      );
    assert.notEqual(found, undefined, `the sample has no ${path}`);
    return found ?? null;
  }

  is(path: string, actual: Fixed | number | string | boolean | null): void {
    this.seen.add(path);
    const expected = this.at(path);
    if (actual === null || expected === null || typeof actual === 'boolean') {
      assert.equal(actual, expected, path);
      return;
    }
    const shown = typeof actual === 'bigint' ? decimal(actual) : actual;
    if (typeof expected === 'string' && Number.isNaN(Number(expected))) {
      assert.equal(shown, expected, path);
      return;
    }
    const { abs, rel, dp } = this.#sample.tolerance;
    const size = Math.abs(Number(expected));
    // "exact" means the digits of the source, which computes in 20 to 28 of them.
    const allowed =
      dp === undefined
        ? Number(abs ?? 0) + Number(rel ?? 0) * size + size * 2 ** -52
        : 0.5 * 10 ** -dp + 1e-12;
    assert.ok(
      Math.abs(Number(shown) - Number(expected)) <= allowed,
      `${path}: ${shown}, expected ${JSON.stringify(expected)}`,
    );
  }

  /** A figure that the source defines otherwise than we do: the reason, and what connects the two. */
  differs(path: string, reason: string, bridged: Fixed | number | null): void {
    assert.ok(reason.length > 20);
    this.is(path, bridged);
  }

  unseen(): string[] {
    return leaves(this.#sample.expected, '').filter((path) => !this.seen.has(path));
  }
}

function leaves(node: Json, path: string): string[] {
  if (node === null || typeof node !== 'object') return [path];
  const prefix = path === '' ? '' : `${path}.`;
  const entries: [string, Json][] = Array.isArray(node)
    ? node.map((value, index) => [String(index), value])
    : Object.entries(node);
  return entries.flatMap(([key, value]) => leaves(value, prefix + key));
}
