import { decimal, type Fixed, ZERO } from '../../money/money.ts';
import { spacedUnit } from '../reading/amount.ts';
import { eachRow, feeOf, isUndone, sideOf, type ImportFormat, type RowReading } from '../reading/format.ts';
import { amountOf, type Occasion } from '../reading/legs.ts';
import { charge, reward, transfer } from '../reading/readings.ts';
import { undecided } from '../reading/undecided.ts';
import { KOREA } from '../reading/local-time.ts';
import type { Row } from '../reading/row.ts';
import { checkTotal } from '../reading/total.ts';

/** Events, coupons, referrals, the points shop, staking, and interest on won. */
const INCOME = /이벤트|쿠폰|리워드|포인트샵|스테이킹|에어드랍|에어드롭|이용료|혜택/;

/**
 * Bithumb's transactions of a period (기간별 거래 내역): two title lines, then the headings. Times are Korean. The
 * asset is given by its Korean name, so its code is taken from the unit of the quantity, and the quote from
 * the unit of the price or the amount. Deposits, withdrawals and rewards are listed among the trades. There
 * are no ids.
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
  source: {
    symbol: 'asset',
    asset: 'asset',
    side: 'kind',
    quantity: 'quantity',
    price: 'price',
    fee: 'fee',
    time: 'time',
  },
  order: null,
  zone: () => KOREA,
  // Korea has no decimal comma.
  decimal: '.',
  dates: null,
  since: Date.UTC(2013, 11, 1),
  read: eachRow((row) => {
    const kind = row.text('kind');
    const side = sideOf(kind);
    const asset = row.text('asset');
    const named = /\(([A-Z0-9]+)\)$/.exec(asset)?.[1] ?? (/^[A-Z0-9]+$/.test(asset) ? asset : null);
    const base = spacedUnit(row.text('quantity')) ?? named;
    if (base === null) {
      throw row.error('asset', 'unknown-asset', 'has no asset code, and the quantity no unit');
    }
    if (side === null) return moved(row, kind, base);
    const quote = spacedUnit(row.text('price')) ?? spacedUnit(row.text('amount')) ?? 'KRW';
    checkTotal(row, { base, quote }, { name: 'amount' });
    return {
      entries: [
        {
          kind: 'trade',
          exchange: 'bithumb',
          symbol: `${base}/${quote}`,
          side,
          quantity: row.quantity('quantity', [base]),
          price: row.quantity('price', [quote]),
          fee: feeOf(row.amount('fee', 'spaced'), quote),
          time: row.time('time'),
        },
      ],
    };
  }),
};

function moved(row: Row, kind: string, asset: string): RowReading {
  const occasion = { exchange: 'bithumb', time: row.time('time') };
  const quantity = amountOf(row.quantity('quantity', [asset]));
  if (isUndone(kind))
    return undecided('unknown-kind', kind, [{ asset, amount: decimal(quantity) }], occasion);
  // Bithumb writes no signs, so somebody has edited this one.
  if (quantity < 0n) throw row.signError('quantity', kind);
  if (INCOME.test(kind)) return reward({ asset, amount: decimal(quantity) }, occasion, kind);
  if (kind.endsWith('입금')) return transfer({ asset, amount: decimal(quantity) }, occasion);
  if (kind.endsWith('출금')) return withdrawn(row, { asset, quantity }, occasion);
  return undecided('unknown-kind', kind, [{ asset, amount: decimal(quantity) }], occasion);
}

/**
 * The 거래수량 (quantity) of a withdrawal includes the fee, unless 거래금액 (amount) shows that the fee comes on top.
 */
function withdrawn(
  row: Row,
  { asset, quantity }: { asset: string; quantity: Fixed },
  occasion: Occasion,
): RowReading {
  const { number, unit } = row.amount('fee', 'spaced');
  const fee = amountOf(number ?? '0');
  if (fee === ZERO) return transfer({ asset, amount: decimal(-quantity) }, occasion);
  if (unit !== null && unit !== asset) {
    const cost = charge({ asset: unit, amount: decimal(-fee) }, occasion);
    const reading = transfer({ asset, amount: decimal(-quantity) }, occasion);
    return 'entries' in cost && 'entries' in reading
      ? { entries: [...reading.entries, ...cost.entries] }
      : cost;
  }
  const sent = row.amount('amount', 'spaced');
  const arrived = sent.number === null || sent.unit !== asset ? quantity - fee : amountOf(sent.number);
  if (arrived !== quantity - fee && arrived !== quantity) {
    const readings = [decimal(quantity), decimal(quantity + fee)];
    const detail = `fits neither a withdrawal of ${readings.join(' nor one of ')}: correct the amount or the fee`;
    throw row.error('amount', 'wrong-value', detail, { readings: readings.join(', ') });
  }
  return transfer({ asset, amount: decimal(-arrived - fee) }, occasion, fee);
}
