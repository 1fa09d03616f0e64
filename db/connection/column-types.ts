import { types } from 'pg';

type Parser = (value: string) => unknown;

const INT8 = 20;
const TIMESTAMPTZ = 1184;

const defaultParser: (oid: number, format?: 'text' | 'binary') => Parser = types.getTypeParser;
const parseTimestamp = defaultParser(TIMESTAMPTZ);

/** `2026-01-02 03:04:05.678+00` is by far the most frequent form, and the general parser takes much longer. */
const UTC_TIMESTAMP = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,3})?)\+00$/;

/**
 * How columns arrive: TIMESTAMPTZ as epoch milliseconds, BIGINT as a number, NUMERIC as decimal text, JSONB parsed.
 * Given to each client rather than set on `pg` as a whole, where it would reach other users of the driver.
 */
export const columnTypes = {
  getTypeParser(oid: number, format?: string): Parser {
    if (format === 'binary') return defaultParser(oid, 'binary');
    if (oid === INT8) return Number;
    if (oid === TIMESTAMPTZ) return epochMilliseconds;
    return defaultParser(oid, 'text');
  },
};

function epochMilliseconds(text: string): number {
  const match = UTC_TIMESTAMP.exec(text);
  return match ? Date.parse(`${match[1]}T${match[2]}Z`) : Number(parseTimestamp(text));
}
