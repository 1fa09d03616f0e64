import { sum } from '../figures/decimal.ts';

interface Summed {
  baseCurrency: string;
  simulated: boolean;
}

/**
 * Portfolios that can be added up: those in the same currency, either all at real prices or all at simulated
 * ones.
 */
export interface Group<P extends Summed> {
  currency: string;
  simulated: boolean;
  portfolios: P[];
}

export function groupsOf<P extends Summed>(portfolios: readonly P[]): Group<P>[] {
  const groups = new Map<string, Group<P>>();
  for (const portfolio of portfolios) {
    const { baseCurrency: currency, simulated } = portfolio;
    const key = `${currency} ${simulated}`;
    const group = groups.get(key) ?? { currency, simulated, portfolios: [] };
    group.portfolios.push(portfolio);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** @returns `undefined` until all are loaded; `null` if any is unknown, with the names of those portfolios */
export function totalOf(figures: readonly { name: string; value: string | null | undefined }[]): {
  value: string | null | undefined;
  unknown: string[];
} {
  const unknown = figures.filter(({ value }) => value === null).map(({ name }) => name);
  if (unknown.length > 0) return { value: null, unknown };
  const values = figures.flatMap(({ value }) => value ?? []);
  return { value: values.length < figures.length ? undefined : sum(values), unknown };
}
