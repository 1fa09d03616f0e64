import type { Fixed } from '../../../lib/money/money.ts';
import type { FoundRate, RateKey, RateOrigin, RateRole } from '../../../lib/pnl/ledger/rate-origin.ts';
import type {
  ConvertDraft,
  EntryDraft,
  OwnTransferDraft,
  TokenChangeDraft,
  TradeDraft,
  TransferDraft,
} from '../entries/stored-entry.ts';

/** The asset of a fee that is on neither side of the trade; `null` if there is none. */
export function thirdAsset({ base, quote, fee }: Pick<TradeDraft, 'base' | 'quote' | 'fee'>): string | null {
  return fee === null || fee.currency === base || fee.currency === quote ? null : fee.currency;
}

/** A rate that an entry needs. */
export interface RateNeed {
  role: RateRole;
  /** For a source of a conversion: its position. */
  nth?: number;
  asset: string;
  time: number;
}

/** The rates that an entry needs, and their time. None for amounts that the sender has valued. */
export function rateNeeds(draft: RatedDraft): RateNeed[] {
  const { time } = draft;
  switch (draft.kind) {
    case 'trade': {
      const third = thirdAsset(draft);
      const quote: RateNeed = { role: 'quote', asset: draft.quote, time };
      return third === null ? [quote] : [quote, { role: 'fee', asset: third, time }];
    }
    case 'transfer':
    case 'rename':
    case 'redenomination':
    case 'fork':
      // None of it is valued at market prices.
      return [];
    case 'convert': {
      const sources = draft.sources.map(({ asset }, nth): RateNeed => ({ role: 'source', nth, asset, time }));
      return draft.unitCost === null ? [{ role: 'unit', asset: draft.asset, time }, ...sources] : sources;
    }
    default:
      return draft.unitCost === null ? [{ role: 'unit', asset: draft.asset, time }] : [];
  }
}

type RatedDraft =
  | Pick<TradeDraft, 'kind' | 'base' | 'quote' | 'fee' | 'time'>
  | Pick<TransferDraft, 'kind' | 'asset' | 'unitCost' | 'time'>
  | Pick<ConvertDraft, 'kind' | 'asset' | 'unitCost' | 'sources' | 'time'>
  | Pick<OwnTransferDraft | TokenChangeDraft, 'kind' | 'time'>;

/** Identifies a rate among those of an entry. */
export function rateKey({ role, nth }: Pick<RateNeed, 'role' | 'nth'>): RateKey {
  return nth === undefined ? role : `source ${nth}`;
}

/** The entry with the rates that `find` returns, and their origins. */
export function withRates<T extends EntryDraft>(draft: T, find: (need: RateNeed) => FoundRate | null): T {
  const found = new Map(rateNeeds(draft).map((need) => [rateKey(need), find(need)]));
  const origins: Partial<Record<RateKey, RateOrigin>> = {};
  for (const [key, rate] of found) if (rate !== null && rate.origin !== null) origins[key] = rate.origin;
  const rateOf = (key: RateKey): Fixed | null => found.get(key)?.rate ?? null;
  switch (draft.kind) {
    case 'trade':
      return { ...draft, quoteRate: rateOf('quote'), feeRate: rateOf('fee'), origins };
    case 'transfer':
    case 'rename':
    case 'redenomination':
    case 'fork':
      return draft;
    case 'convert': {
      const sources = draft.sources.map((source, nth) => ({ ...source, unitValue: rateOf(`source ${nth}`) }));
      return { ...draft, unitValue: draft.unitCost ?? rateOf('unit'), sources, origins };
    }
    default:
      return { ...draft, unitValue: draft.unitCost ?? rateOf('unit'), origins };
  }
}

/** The rates that an entry has. */
export function ratesOf(entry: EntryDraft): Map<RateKey, FoundRate> {
  return new Map(
    knownRates(entry).flatMap(([key, rate]): [RateKey, FoundRate][] =>
      rate === null ? [] : [[key, { rate, origin: entry.origins?.[key] ?? null }]],
    ),
  );
}

function knownRates(entry: EntryDraft): [RateKey, Fixed | null][] {
  switch (entry.kind) {
    case 'trade':
      return [
        ['quote', entry.quoteRate],
        ['fee', entry.feeRate],
      ];
    case 'transfer':
    case 'rename':
    case 'redenomination':
    case 'fork':
      return [];
    case 'convert':
      return [
        ['unit', entry.unitCost === null ? entry.unitValue : null],
        ...entry.sources.map(({ unitValue }, nth): [RateKey, Fixed | null] => [`source ${nth}`, unitValue]),
      ];
    default:
      return [['unit', entry.unitCost === null ? entry.unitValue : null]];
  }
}
