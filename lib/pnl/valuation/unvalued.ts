import { decimal } from '../../money/money.ts';
import { type AssetState, type Note, NO_NOTE } from '../ledger/asset-state.ts';
import { UNVALUED_KINDS } from '../ledger/leg-kinds.ts';
import { isLeftOut, type MarkedHolding } from './marking.ts';
import type { UnvaluedBody, Warning } from '../../schemas/warning-schema.ts';

/** Fees and rewards of the ledger that have no price. */
export function unvaluedAmounts(states: Iterable<AssetState>): UnvaluedBody[] {
  const bodies: UnvaluedBody[] = [];
  for (const { asset, unvalued } of states) {
    for (const what of UNVALUED_KINDS) {
      const amount = unvalued[what];
      if (amount !== undefined) bodies.push({ what, asset, quantity: decimal(amount.quantity) });
    }
  }
  return bodies;
}

/** Holdings that are not part of equity because they have no price. */
export function unvaluedHoldings(holdings: readonly MarkedHolding[]): UnvaluedBody[] {
  return holdings
    .filter(isLeftOut)
    .map(({ state: { asset, quantity } }) => ({ what: 'holding', asset, quantity: decimal(quantity) }));
}

const LACKING: Record<UnvaluedBody['what'], readonly string[]> = {
  fee: ['fees'],
  rebate: ['fees'],
  reward: ['income'],
  holding: ['equity', 'marketValue'],
};

/** @param note the entries behind the amount; absent if they are unknown, or it is a holding */
export function unvaluedWarning(
  { what, asset, quantity }: UnvaluedBody,
  baseCurrency: string,
  note: Note = NO_NOTE,
): Warning {
  const { count, entries } = note;
  const amount = `${quantity} ${asset}`;
  const subject =
    what === 'holding'
      ? `The holding of ${amount} is not valued`
      : count > 1
        ? `${count} ${what}s of ${amount} in all are not valued`
        : `A ${what} of ${amount} is not valued`;
  const reason =
    what === 'holding'
      ? `no price of ${asset} in ${baseCurrency} is known`
      : `no price of ${asset} in ${baseCurrency} is known at or before ${count > 1 ? 'their times' : 'its time'}`;
  return {
    code: 'unvalued-amount',
    detail: `${subject}: ${reason}.`,
    what,
    asset,
    quantity,
    ...(count === 0 ? {} : { entries: [...entries], count }),
    figures: [...LACKING[what]],
  };
}

/** One warning per kind of amount and asset. */
export function unvaluedWarnings(states: Iterable<AssetState>, baseCurrency: string): Warning[] {
  const warnings: Warning[] = [];
  for (const state of states) {
    for (const body of unvaluedAmounts([state])) {
      const note = body.what === 'holding' ? undefined : state.unvalued[body.what]?.note;
      warnings.push(unvaluedWarning(body, baseCurrency, note));
    }
  }
  return warnings;
}
