/** How much of a list, and where to start. */
export interface PageQuery {
  /** 1 to 1000. */
  limit: number;
  /** `nextCursor` of the page before. */
  cursor?: string | null | undefined;
}

export interface Page<T> {
  items: T[];
  /** `null` when there is no more. */
  nextCursor: string | null;
}

export const PAGE_LIMIT = 1_000;

/** A query for one row more than is shown tells whether there is another page. */
export function pageOf<T>(rows: T[], limit: number, cursorOf: (last: T) => string): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}
