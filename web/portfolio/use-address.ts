import { untracked, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { go, type Place, place } from '../page/route.ts';
import type { Portfolios } from './portfolios.ts';

/** Keeps the address and the chosen portfolio in step, in both directions. */
export function useAddress(portfolios: Portfolios): void {
  const seen = useRef<Place | null>(null);
  useSignalEffect(() => {
    const at = place.value;
    const { all, chosen } = portfolios;
    if (!('portfolioId' in at) || all.value === null || chosen.value === null) return;
    untracked(() => {
      const isNew = at !== seen.current;
      seen.current = at;
      if (isNew && at.portfolioId !== null) portfolios.visit(at.portfolioId);
      const shown = chosen.value?.id ?? null;
      if (shown !== null && at.portfolioId !== shown) {
        go({ view: 'portfolio', portfolioId: shown }, { replace: true });
      }
    });
  });
}
