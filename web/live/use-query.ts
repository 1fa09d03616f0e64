import { useSignalEffect } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { type Load, Query } from './query.ts';

interface Options<T> {
  load: Load<T>;
  /** Requests again when one of these changes. */
  of: readonly unknown[];
  /** Whether to request anything yet. */
  isOn?: boolean;
  /** How often to request again while the page is visible, in milliseconds. */
  everyMs?: number;
  /** Changes when the answer may have changed. */
  changes: ReadonlySignal<number>;
}

/** A query that lives as long as its component. */
export function useQuery<T>({ load, of, isOn = true, everyMs, changes }: Options<T>): Query<T> {
  const query = useMemo(() => new Query<T>(), []);
  useEffect(() => {
    if (!isOn) return undefined;
    query.start(load);
    if (everyMs === undefined) return () => query.stop();
    const timer = setInterval(() => {
      if (!document.hidden) query.poke();
    }, everyMs);
    return () => {
      clearInterval(timer);
      query.stop();
    };
  }, of);
  useSignalEffect(() => {
    if (changes.value > 0) query.poke();
  });
  return query;
}
