import { eachRow, feeOf, type ImportFormat, sideOf } from '../reading/format.ts';
import { undecided } from '../reading/undecided.ts';
import { KOREA } from '../reading/local-time.ts';
import { checkTotal } from '../reading/total.ts';

/**
 * Coinone's fills. The headings are known from a single source, so the user decides about rows that do not
 * fit.
 */
export const coinone: ImportFormat = {
  name: 'coinone',
  columns: {
    time: { headings: ['체결시각'], holds: 'time' },
    side: { headings: ['주문유형'] },
    coin: { headings: ['코인'] },
    market: { headings: ['마켓'] },
    quantity: { headings: ['체결수량'], holds: 'number' },
    price: { headings: ['체결가격'], holds: 'number' },
    total: { headings: ['체결금액'], optional: true, holds: 'number' },
    fee: { headings: ['수수료'], holds: 'number' },
    orderId: { headings: ['주문번호'] },
  },
  zone: () => KOREA,
  // Korea has no decimal comma.
  decimal: '.',
  dates: null,
  since: Date.UTC(2014, 7, 1),
  order: null,
  source: {
    symbol: 'coin',
    asset: 'coin',
    side: 'side',
    quantity: 'quantity',
    price: 'price',
    fee: 'fee',
    time: 'time',
    orderId: 'orderId',
  },
  read: eachRow((row) => {
    const word = row.text('side');
    const side = sideOf(word);
    const [base, quote] = [row.text('coin').toUpperCase(), row.text('market').toUpperCase() || 'KRW'];
    const quantity = row.quantity('quantity', [base]);
    const time = row.time('time');
    if (side === null) {
      return undecided('unknown-kind', word, [{ asset: base, amount: quantity }], {
        exchange: 'coinone',
        time,
      });
    }
    checkTotal(row, { base, quote });
    return {
      entries: [
        {
          kind: 'trade',
          exchange: 'coinone',
          symbol: `${base}/${quote}`,
          side,
          quantity,
          price: row.quantity('price', [quote]),
          fee: feeOf(row.amount('fee', [base, quote]), quote),
          time,
          orderId: row.text('orderId') || undefined,
        },
      ],
    };
  }),
};
