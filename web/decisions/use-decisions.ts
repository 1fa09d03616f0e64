import { useState } from 'preact/hooks';
import type { Decision, Portfolio } from '../api.ts';
import { count } from '../figures/number.ts';
import { useQuery } from '../live/use-query.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { problemText } from '../text/problem-text.ts';

const SHOWN = 50;

export interface Decisions {
  open: readonly Decision[];
  /** Their number: `50+` if there are more than are shown. */
  count: string;
  /** The decision being settled. */
  settling: string | null;
  /** Why the last one could not be settled; `''` if it could. */
  message: string;
  settle: (decisionId: string, option: string) => void;
}

/** The open decisions of a portfolio, oldest first, and a function to settle them. */
export function useDecisions(dashboard: Dashboard, { id: portfolioId }: Portfolio): Decisions {
  const { client, changes, isSettled } = dashboard;
  const [settled, setSettled] = useState<ReadonlySet<string>>(new Set());
  const [settling, setSettling] = useState<string | null>(null);
  const [message, setMessage] = useState('');
  const query = useQuery({
    load: (signal) =>
      client.api.listDecisions(
        { path: { portfolioId }, query: { status: 'open', limit: SHOWN } },
        { signal },
      ),
    of: [portfolioId, isSettled.value],
    isOn: isSettled.value,
    changes,
  });
  const settle = async (decisionId: string, option: string): Promise<void> => {
    setSettling(decisionId);
    setMessage('');
    try {
      await client.api.settleDecision({ path: { portfolioId, decisionId }, body: { option } });
      setSettled((before) => new Set([...before, decisionId]));
    } catch (error) {
      setMessage(problemText(error));
    }
    setSettling(null);
    // Also after a refusal: another tab may have settled it.
    changes.value += 1;
  };
  const answer = query.answer.value;
  const open = (answer?.items ?? []).filter(({ id }) => !settled.has(id));
  const more = (answer?.nextCursor ?? null) === null ? '' : '+';
  return {
    open,
    count: `${count(open.length)}${more}`,
    settling,
    message,
    settle: (decisionId, option) => void settle(decisionId, option),
  };
}
