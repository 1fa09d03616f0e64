import { spacedUnit } from './amount.ts';
import { feeOf, ignored, sideOf, type ImportFormat } from './format.ts';
import { KOREA } from './local-time.ts';

/**
 * Bithumb's transactions of a period (기간별 거래 내역): two lines of title, then the headings. Times are Korean. The
 * asset has its Korean name, so its code is taken from the unit of the quantity, and the quote from that of the price or
 * of the amount. Deposits, withdrawals and rewards stand among the trades. There are no ids.
 */
export const bithumb: ImportFormat = {
  name: 'bithumb',
  columns: {
    time: { headings: ['거래일시'], holds: 'time' },
    asset: { headings: ['자산', '자산명'] },
    kind: { headings: ['거래구분'] },
    quantity: { headings: ['거래수량'], holds: 'number' },
    price: { headings: ['체결가격'], holds: 'number' },
    amount: { headings: ['거래금액'], optional: true, holds: 'number' },
    fee: { headings: ['수수료'], optional: true, holds: 'number' },
  },
  source: { symbol: 'asset', side: 'kind', quantity: 'quantity', price: 'price', fee: 'fee', time: 'time' },
  hasIds: false,
  order: null,
  zone: () => KOREA,
  // Korea has no decimal comma.
  decimal: '.',
  dates: null,
  since: Date.UTC(2013, 11, 1),
  read(row) {
    const kind = row.text('kind');
    const side = sideOf(kind);
    if (side === null) return ignored(kind);
    const asset = row.text('asset');
    const named = /\(([A-Z0-9]+)\)$/.exec(asset)?.[1] ?? (/^[A-Z0-9]+$/.test(asset) ? asset : null);
    const base = spacedUnit(row.text('quantity')) ?? named;
    if (base === null) {
      throw row.error('asset', 'unknown-asset', 'has no asset code, and the quantity no unit');
    }
    const quote = spacedUnit(row.text('price')) ?? spacedUnit(row.text('amount')) ?? 'KRW';
    return {
      trade: {
        exchange: 'bithumb',
        symbol: `${base}/${quote}`,
        side,
        quantity: row.quantity('quantity', [base]),
        price: row.quantity('price', [quote]),
        fee: feeOf(row.amount('fee', 'spaced'), quote),
        time: row.time('time'),
      },
    };
  },
};
