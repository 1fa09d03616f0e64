import {
  eachRow,
  feeOf,
  ignored,
  isUndone,
  sideOf,
  type ImportFormat,
  type RowReading,
} from '../reading/format.ts';
import { amountOf } from '../reading/legs.ts';
import { reward, transfer } from '../reading/readings.ts';
import { undecided } from '../reading/undecided.ts';
import { KOREA } from '../reading/local-time.ts';
import type { Row } from '../reading/row.ts';
import { checkTotal } from '../reading/total.ts';
import { decimal } from '../../money/money.ts';

/** `BTC`, `비트코인(BTC)`; `KRW-BTC` also gives the market. */
function coinOf(cell: string): { coin: string; market: string | null } | null {
  const pair = /^([A-Z]+)-([A-Z0-9]+)$/.exec(cell);
  if (pair !== null) return { market: pair[1] ?? null, coin: pair[2] ?? '' };
  const coin = /\(([A-Z0-9]+)\)$/.exec(cell)?.[1] ?? cell;
  return /^[A-Z0-9]+$/.test(coin) ? { coin, market: null } : null;
}

/** Rewards that some pages name; elsewhere airdrops and staking are shown as 입금 (deposit). */
const INCOME = /이벤트|에어드랍|에어드롭|스테이킹|보상|리워드|예치금 ?이용료/;

/**
 * Upbit's transaction history, as shown on the site or saved from it. Times are Korean; amounts may be
 * followed by their units; deposits and withdrawals are listed among the trades. There are no ids.
 */
export const upbit: ImportFormat = {
  name: 'upbit',
  columns: {
    time: { headings: ['체결시간', '거래일시'], holds: 'time' },
    coin: { headings: ['코인', '코인명'] },
    market: { headings: ['마켓'], optional: true },
    kind: { headings: ['종류'] },
    quantity: { headings: ['거래수량'], holds: 'number' },
    price: { headings: ['거래단가'], holds: 'number' },
    total: { headings: ['거래금액'], optional: true, holds: 'number' },
    fee: { headings: ['수수료'], optional: true, holds: 'number' },
  },
  source: {
    symbol: 'coin',
    asset: 'coin',
    side: 'kind',
    quantity: 'quantity',
    price: 'price',
    fee: 'fee',
    time: 'time',
  },
  order: 'newest-first',
  zone: () => KOREA,
  // Korea has no decimal comma.
  decimal: '.',
  dates: null,
  since: Date.UTC(2017, 9, 1),
  read: eachRow((row) => {
    const kind = row.text('kind');
    const side = sideOf(kind);
    const coin = coinOf(row.text('coin'));
    if (coin === null) throw row.error('coin', 'unknown-asset', 'does not name an asset such as BTC');
    if (side === null) return moved(row, kind, coin.coin);
    const quote = coin.market ?? (row.text('market').split('-')[0] || 'KRW');
    checkTotal(row, { base: coin.coin, quote });
    return {
      entries: [
        {
          kind: 'trade',
          exchange: 'upbit',
          symbol: `${coin.coin}/${quote}`,
          side,
          quantity: row.quantity('quantity', [coin.coin]),
          price: row.quantity('price', [quote]),
          fee: feeOf(row.amount('fee', [coin.coin, quote]), quote),
          time: row.time('time'),
        },
      ],
    };
  }),
};

/** A deposit's fee is not part of what arrives; a withdrawal includes its fee. */
function moved(row: Row, kind: string, asset: string): RowReading {
  const occasion = { exchange: 'upbit', time: row.time('time') };
  const quantity = amountOf(row.quantity('quantity', [asset]));
  const fee = amountOf(row.amount('fee', [asset]).number ?? '0');
  if (quantity + fee === 0n) return ignored('empty-row', kind);
  if (isUndone(kind))
    return undecided('unknown-kind', kind, [{ asset, amount: decimal(quantity) }], occasion);
  // Upbit writes no signs, so somebody has edited this one.
  if (quantity < 0n) throw row.signError('quantity', kind);
  if (INCOME.test(kind)) return reward({ asset, amount: decimal(quantity) }, occasion, kind);
  if (kind.startsWith('입금')) return transfer({ asset, amount: decimal(quantity) }, occasion);
  if (kind.startsWith('출금')) {
    return transfer({ asset, amount: decimal(-quantity - fee) }, occasion, fee);
  }
  return undecided('unknown-kind', kind, [{ asset, amount: decimal(quantity) }], occasion);
}
