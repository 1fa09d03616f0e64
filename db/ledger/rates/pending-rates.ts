/**
 * SQL: whether an entry may get another rate as prices become known, because it has none or has that of an own trade.
 * This is the exact condition of the index, which only a query that repeats it can use.
 */
export const PENDING_RATE = `(pending_rate or case kind when 'trade' then value is null or fee_value is null
  when 'transfer' then false when 'convert' then false when 'rename' then false when 'redenomination' then false
  when 'fork' then false else unit_value is null end)`;
