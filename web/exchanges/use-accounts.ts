import { useSignalEffect } from '@preact/signals';
import type { ExchangeAccount, Portfolio } from '../api.ts';
import { useQuery } from '../live/use-query.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';

/**
 * The accounts of a portfolio; `null` if not known yet. They arrive with the stream. After a restart its log
 * may not have them until an account is next read, so they are also requested, at first and after each event,
 * which might not be the newest.
 */
export function useAccounts(dashboard: Dashboard, { id: portfolioId }: Portfolio) {
  const { client, changes, isSettled, accounts, accountEvents } = dashboard;
  const query = useQuery({
    load: (signal) => client.api.listAccounts({ path: { portfolioId } }, { signal }),
    of: [portfolioId, isSettled.value],
    isOn: isSettled.value,
    changes,
  });
  useSignalEffect(() => {
    if (accountEvents.value > 0) query.poke();
  });
  useSignalEffect(() => {
    if (query.answer.value !== null) accounts.value = query.answer.value.items;
  });
  const items: readonly ExchangeAccount[] | null = accounts.value;
  return { items, error: query.error.value, poke: () => query.poke() };
}
