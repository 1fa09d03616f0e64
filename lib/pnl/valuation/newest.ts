export interface Newest<T> {
  add: (item: T) => void;
  list: () => T[];
  /** How many were added in all. */
  count: () => number;
}

/** Keeps the last `limit` items it is given. */
export function newestOf<T>(limit: number): Newest<T> {
  let kept: T[] = [];
  let count = 0;
  const list = (): T[] => (limit <= 0 ? [] : kept.slice(-limit));
  return {
    add(item) {
      count += 1;
      kept.push(item);
      if (kept.length > 2 * limit) kept = list();
    },
    list,
    count: () => count,
  };
}
