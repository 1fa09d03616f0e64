import { CellError } from './cell-error.ts';
import { amountIn, feeOf, ignored, numberIn, sideOf, timeIn, type ImportFormat } from './format.ts';
import { KOREA } from './local-time.ts';

/**
 * Bithumb's transactions of a period (기간별 거래 내역): two lines of title, then the headings. Times are Korean. The
 * asset has its Korean name, so its code is taken from the unit of the quantity, and the quote from that of the price or
 * of the amount. Deposits, withdrawals and rewards stand among the trades. There are no ids.
 */
export const bithumb: ImportFormat = {
  name: 'bithumb',
  columns: {
    time: { headings: ['거래일시'] },
    asset: { headings: ['자산', '자산명'] },
    kind: { headings: ['거래구분'] },
    quantity: { headings: ['거래수량'] },
    price: { headings: ['체결가격'] },
    amount: { headings: ['거래금액'], optional: true },
    fee: { headings: ['수수료'], optional: true },
  },
  source: { symbol: 'asset', side: 'kind', quantity: 'quantity', price: 'price', fee: 'fee', time: 'time' },
  hasIds: false,
  order: null,
  zone: () => KOREA,
  read(row, columns, zone) {
    const kind = columns.cell(row, 'kind');
    const side = sideOf(kind);
    if (side === null) return ignored(kind);
    const asset = columns.cell(row, 'asset');
    const named = /\(([A-Z0-9]+)\)$/.exec(asset)?.[1] ?? (/^[A-Z0-9]+$/.test(asset) ? asset : null);
    const base = amountIn(row, columns, 'quantity').unit ?? named;
    if (base === null) {
      throw new CellError(columns.heading('asset'), 'has no asset code, and the quantity no unit');
    }
    const quote = amountIn(row, columns, 'price').unit ?? amountIn(row, columns, 'amount').unit ?? 'KRW';
    return {
      trade: {
        exchange: 'bithumb',
        symbol: `${base}/${quote}`,
        side,
        quantity: numberIn(row, columns, 'quantity'),
        price: numberIn(row, columns, 'price'),
        fee: feeOf(amountIn(row, columns, 'fee'), quote),
        time: timeIn(row, columns, 'time', zone ?? KOREA),
      },
    };
  },
};
