/** Microseconds of the machine's monotonic clock, the same in every process. */
export function microseconds(): number {
  return Math.floor(Number(process.hrtime.bigint()) / 1_000);
}

/** Precedes the timestamp in the JSON text. It occurs once per event, so counting it counts events. */
export const STAMP = '"tradeId":"';
export const STAMP_DIGITS = 16;

/** A public trade of about 200 bytes of JSON, whose id is the time of its publication. */
export function stampedTrade(sequence: number, symbol = 'BTC/KRW'): Record<string, unknown> {
  return {
    symbol,
    tradeId: String(microseconds()).padStart(STAMP_DIGITS, '0'),
    side: sequence % 2 === 0 ? 'buy' : 'sell',
    price: `${152_340_000 + (sequence % 1_000)}.5`,
    quantity: '0.01234567',
    time: new Date(1_700_000_000_000 + sequence).toISOString(),
    exchange: 'upbit',
    simulated: true,
  };
}
