import { useSignalEffect } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { type Load, Query } from './query.ts';

interface Options<T> {
  load: Load<T>;
  /** Asks again when one of these changes. */
  of: readonly unknown[];
  /** Whether to ask yet. */
  isOn?: boolean;
  /** How often it is worth asking again while the page is in sight, in milliseconds. */
  everyMs?: number;
  /** Changes when the answer may have changed. */
  changes: ReadonlySignal<number>;
}

/** A query for as long as the component is there. */
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
