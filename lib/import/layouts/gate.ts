import { type GroupReading, type ImportFormat, type Move } from '../reading/format.ts';
import { type Occasion } from '../reading/legs.ts';
import { charge, namedTransfer, reward, exchangeOf } from '../reading/readings.ts';
import { undecided } from '../reading/undecided.ts';
import type { Row } from '../reading/row.ts';

const TRADE = /^(order (placed|filled|fullfilled|cancelled)|trading fees?|trade fee)/i;
const FEE = /^(trading fees?|trade fee)/i;
const DUST = /^dust swap/i;
const REBATE = /^((trading )?fee|maker) rebate/i;
const INCOME = /airdrop|bonus|interest|rebate|reward|dividend|staking/i;

function moveOf(row: Row): Move {
  return { asset: row.text('coin').toUpperCase(), amount: row.number('change') };
}

/** The rows of one event: an order with its fee, a sweep of small balances, or a single row. */
function read(rows: readonly [Row, ...Row[]]): GroupReading[] {
  const [first] = rows;
  const occasion: Occasion = { exchange: 'gate', time: first.time('time') };
  const orderId = first.text('data') || undefined;
  const isFee = (row: Row): boolean => FEE.test(row.text('action'));
  const traded = rows.filter((row) => TRADE.test(row.text('action')));
  // A fee without a trade stands alone.
  const trades = traded.every(isFee) ? [] : traded;
  const swept = rows.filter((row) => DUST.test(row.text('action')));
  const readings: GroupReading[] = [];
  if (trades.length > 0) {
    const legs = trades.filter((row) => !isFee(row)).map(moveOf);
    const reading = exchangeOf(
      legs,
      trades.filter(isFee).map(moveOf),
      { ...occasion, orderId },
      'Order Filled',
    );
    readings.push({ rows: trades, reading });
  }
  if (swept.length > 0) {
    readings.push({
      rows: swept,
      reading: exchangeOf(swept.map(moveOf), [], occasion, 'Dust Swap', 'convert'),
    });
  }
  for (const row of rows) {
    if (trades.includes(row) || swept.includes(row)) continue;
    readings.push({ rows: [row], reading: readAlone(row, { ...occasion, time: row.time('time') }) });
  }
  return readings;
}

/** The id of a transaction on a chain; Gate's own numbers begin with a letter. */
function txidOf(row: Row): string | undefined {
  const id = row.text('data');
  return /^(0x)?[0-9a-f]{64}$/i.test(id) ? id : undefined;
}

function readAlone(row: Row, occasion: Occasion): GroupReading['reading'] {
  const action = row.text('action');
  const move = moveOf(row);
  if (/^(deposit|withdraw)/i.test(action))
    return namedTransfer(action, move, { ...occasion, txid: txidOf(row) });
  if (REBATE.test(action)) return charge(move, occasion);
  if (FEE.test(action)) return charge(move, occasion);
  if (INCOME.test(action)) return reward(move, occasion, action);
  return undecided('unknown-kind', action, [move], occasion);
}

/**
 * Gate's billing details: one row for each change of a balance. Times are in the viewer's zone, which is not
 * stated.
 */
export const gate: ImportFormat = {
  name: 'gate',
  columns: {
    time: { headings: ['time'], holds: 'time' },
    action: { headings: ['action_desc'] },
    data: { headings: ['action_data'] },
    coin: { headings: ['type'] },
    change: { headings: ['change_amount'], holds: 'number' },
    before: { headings: ['amount'], holds: 'number' },
    after: { headings: ['total'], holds: 'number' },
  },
  zone: () => null,
  decimal: null,
  dates: null,
  since: Date.UTC(2013, 0, 1),
  order: null,
  source: { symbol: 'coin', asset: 'coin', quantity: 'change', price: 'change', fee: 'change', time: 'time' },
  group: (row) => (row.text('data') === '' ? `#${row.line}` : `${row.text('time')}\t${row.text('data')}`),
  read,
};
