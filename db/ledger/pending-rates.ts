/**
 * SQL: whether an entry may get another rate as prices become known, because it lacks one or has that of an own trade. The
 * words of the index, which serves a query that repeats them.
 */
export const PENDING_RATE = `(pending_rate or case kind when 'trade' then value is null or fee_value is null
  when 'transfer' then false when 'convert' then false else unit_value is null end)`;
