import type { Database } from '../../../db/connection/database.ts';
import type { Candle } from '../../../db/market/candles.ts';
import { fixed, ONE } from '../../../lib/money/money.ts';

export const LEASE_MS = 400;

/** Sessions that have expired and are still there. */
export async function expired(db: Database): Promise<number> {
  return (await db('sessions').where('expires_at', '<=', new Date()).select('id')).length;
}

/** The same minute, with another price. */
export function minute(price: string): Candle {
  const of = fixed(price);
  const time = Date.UTC(2026, 0, 15, 12);
  return {
    symbol: 'BTC/KRW',
    time,
    closeTime: time + 59_999,
    open: of,
    high: of,
    low: of,
    close: of,
    volume: ONE,
    quoteVolume: of,
    trades: 1,
    simulated: false,
  };
}
