import { abs, decimal, type Fixed, ZERO } from '../../money/money.ts';
import { plainNumber } from '../reading/amount.ts';
import { type GroupReading, type ImportFormat, type Move, type RowReading } from '../reading/format.ts';
import { amountOf, costIn, type Occasion } from '../reading/legs.ts';
import { namedTransfer, reward, transfer, exchangeOf } from '../reading/readings.ts';
import { undecided } from '../reading/undecided.ts';
import { ownTransfers, type PlacedMove, type Places } from '../reading/own-transfers.ts';
import { UTC } from '../reading/local-time.ts';
import type { Row } from '../reading/row.ts';

const INCOME =
  /^(staking income|rewards? income|inflation reward|learning reward|coinbase earn|interest payout|subscription rebate)/i;
const INTERNAL =
  /^(retail (un)?staking transfer|cash to savings|savings to cash|pro (deposit|withdrawal)|exchange (deposit|withdrawal)|vault withdrawal|prime deposit)/i;
const RENAMED = /^(retail eth2 deprecation|asset migration)/i;

/** Currencies that older files name in their headings instead of a column: `EUR Subtotal`. */
const MONEY = ['USD', 'EUR', 'GBP', 'CAD', 'AUD', 'CHF', 'SGD', 'JPY'];

function inMoney(...headings: string[]): string[] {
  return [...headings, ...headings.flatMap((each) => MONEY.map((money) => `${money} ${each}`))];
}

function moneyOf(row: Row): string {
  const named = /^([A-Z]{3}) /.exec(row.columns.heading('subtotal'))?.[1];
  return row.text('currency').toUpperCase() || (named ?? '');
}

/** `-$84,000.00`, `€10.50`, `kr 99.50`: the currency symbol in front repeats what the column says. */
function moneyIn(row: Row, name: string): string | null {
  const cell = row.text(name);
  if (cell === '') return null;
  const match = /^([-−]?)\s*(?:[^\d\s.,\-−]{1,4})?\s*([-−]?\s*\d[\d.,'’ \u00A0]*)$/.exec(cell);
  if (match === null) throw row.error(name, 'not-a-number', 'is not an amount of money such as $84,000.00');
  const number = row.numberIn(name, (match[2] ?? '').trim());
  return decimal(amountOf(match[1] === '' || number.startsWith('-') ? number : `-${number}`));
}

/** `Converted 0.005 BTC to 0.1866 ETH`: the only place where the other side of a conversion is stated. */
const CONVERTED = /^Converted ([\d.,]+) ([A-Z0-9]+) to ([\d.,]+) ([A-Z0-9]+)/;
/** `Sold 0.05 ETH for 114.31 USD on ETH-USD`: the pair, if its quote is not a currency. */
const PAIR = /\bon ([A-Z0-9]+)-([A-Z0-9]+)\b/;

/**
 * The costs of a row. A minus is the sign of outgoing money or of a refunded fee: the total tells which.
 * @param total of the money without the fee, positive
 */
function costOf(row: Row, side: 'buy' | 'sell', total: Fixed, currency: string): Move[] {
  const fee = amountOf(moneyIn(row, 'fee') ?? '0');
  if (fee >= ZERO) return costIn({ asset: currency, amount: decimal(fee) });
  const whole = moneyIn(row, 'total');
  const paid = side === 'buy' ? total - fee : total + fee;
  const given = side === 'buy' ? total + fee : total - fee;
  if (whole !== null && abs(amountOf(whole)) === paid) return [{ asset: currency, amount: decimal(fee) }];
  if (whole !== null && abs(amountOf(whole)) === given) return [{ asset: currency, amount: decimal(-fee) }];
  const amount = decimal(-fee);
  throw row.signError('fee', row.text('kind'), [`a fee of ${amount}`, `a rebate of ${amount}`]);
}

function traded(row: Row, side: 'buy' | 'sell', occasion: Occasion): RowReading {
  const asset = row.text('asset').toUpperCase();
  const kind = row.text('kind');
  const signed = amountOf(row.number('quantity'));
  const quantity = decimal(abs(signed));
  const readings = [`a purchase of ${quantity}`, `a sale of ${quantity}`];
  // Sales have a minus in newer files and none in older ones.
  if (signed < ZERO && side === 'buy') throw row.signError('quantity', kind, readings);
  const money = moneyOf(row);
  const pair = PAIR.exec(row.text('notes'));
  const subtotal = moneyIn(row, 'subtotal');
  const move: Move = { asset, amount: side === 'buy' ? quantity : `-${quantity}` };
  // Paid with a coin, whose amount is in no column.
  if (subtotal === null || money === '' || (pair !== null && pair[2] !== money)) {
    return undecided('incomplete-trade', kind, [move], occasion);
  }
  if (subtotal.startsWith('-') && signed > ZERO) throw row.signError('subtotal', kind, readings);
  const total = abs(amountOf(subtotal));
  const paid: Move = { asset: money, amount: decimal(side === 'buy' ? -total : total) };
  return exchangeOf([move, paid], costOf(row, side, total, money), occasion, kind);
}

function converted(row: Row, occasion: Occasion): RowReading {
  const match = CONVERTED.exec(row.text('notes'));
  const asset = row.text('asset').toUpperCase();
  const gives: Move = { asset, amount: decimal(-abs(amountOf(row.number('quantity')))) };
  const [, , from, amount = '', to = ''] = match ?? [];
  const number = plainNumber(amount, '.');
  if (from !== asset || typeof number !== 'string') {
    return undecided('incomplete-trade', row.text('kind'), [gives], occasion);
  }
  // Its fee is a spread, which is part of the price rather than a payment.
  return exchangeOf([gives, { asset: to, amount: number }], [], occasion, row.text('kind'), 'convert');
}

/**
 * A withdrawal. For money, the row states the fee and whether the quantity includes it; for a coin, it states
 * no fee in that coin.
 */
function sent(row: Row, { asset, amount }: Move, occasion: Occasion): RowReading {
  const quantity = abs(amountOf(amount));
  const fee = asset === moneyOf(row) ? abs(amountOf(moneyIn(row, 'fee') ?? '0')) : ZERO;
  const total = abs(amountOf(moneyIn(row, 'total') ?? '0'));
  const whole = fee !== ZERO && total === quantity + fee ? total : quantity;
  return transfer({ asset, amount: decimal(-whole) }, occasion, fee);
}

/** Some of Coinbase's rows use a separate code for staked ether. */
const STAKED = 'ETH2';

/** Where coins are that have moved to another account of the same owner, by the word of the row. */
function placesOf(asset: string, kind: string): Places {
  const home = 'coinbase';
  const other = /(staking|savings|pro|exchange|vault|prime)/i.exec(kind)?.[1]?.toLowerCase() ?? 'other';
  const away = `${home} ${other}`;
  return asset === STAKED ? { here: away, there: home } : { here: home, there: away };
}

function internalMove(row: Row): PlacedMove {
  const asset = row.text('asset').toUpperCase();
  const word = row.text('kind');
  const move = { asset: asset === STAKED ? 'ETH' : asset, amount: row.number('quantity') };
  return { row, word, move, places: placesOf(asset, word) };
}

/**
 * The rows of an instant. Moves between accounts of the owner belong together; every other row stands alone.
 */
function readInstant(rows: readonly [Row, ...Row[]]): GroupReading[] {
  const internal = rows.filter((row) => INTERNAL.test(row.text('kind')));
  const readings = rows
    .filter((row) => !internal.includes(row))
    .map((row): GroupReading => ({ rows: [row], reading: readAlone(row, occasionOf(row)) }));
  return [...readings, ...internalReadings(internal)];
}

function internalReadings(rows: readonly Row[]): GroupReading[] {
  const kinds = [...new Set(rows.map((row) => row.text('kind')))];
  return kinds.flatMap((kind) => {
    const own = rows.filter((row) => row.text('kind') === kind);
    const [first] = own;
    // Each half has its own id; the first stands for both.
    return first === undefined ? [] : ownTransfers(own.map(internalMove), occasionOf(first));
  });
}

function occasionOf(row: Row): Occasion {
  return { exchange: 'coinbase', time: row.time('time'), externalId: row.text('id') || undefined };
}

function readAlone(row: Row, occasion: Occasion): RowReading {
  const kind = row.text('kind');
  const asset = row.text('asset').toUpperCase();
  const move: Move = { asset, amount: row.number('quantity') };
  if (/^(advanced? trade )?buy$/i.test(kind)) return traded(row, 'buy', occasion);
  if (/^(advanced? trade )?sell$/i.test(kind)) return traded(row, 'sell', occasion);
  if (/^(convert|retail simple dust)$/i.test(kind)) return converted(row, occasion);
  if (INCOME.test(kind)) return reward(move, occasion, kind);
  if (RENAMED.test(kind)) return undecided('renamed-asset', kind, [move], occasion);
  // Older files have no sign here.
  if (/^(send|withdrawal|card spend)/i.test(kind)) {
    if (row.text('quantity').startsWith('+')) throw row.signError('quantity', kind);
    return sent(row, move, occasion);
  }
  if (/^(receive|deposit)/i.test(kind)) {
    if (move.amount.startsWith('-')) throw row.signError('quantity', kind);
    return transfer(move, occasion);
  }
  return undecided('unknown-kind', kind, [move], occasion);
}

/**
 * Coinbase's transaction history. The other side of a conversion, or of a purchase with a coin, is stated in
 * the notes only.
 */
export const coinbase: ImportFormat = {
  name: 'coinbase',
  columns: {
    id: { headings: ['ID'], optional: true },
    time: { headings: ['Timestamp'], holds: 'time' },
    kind: { headings: ['Transaction Type'] },
    asset: { headings: ['Asset'] },
    quantity: { headings: ['Quantity Transacted'], holds: 'number' },
    currency: { headings: ['Price Currency', 'Spot Price Currency'], optional: true },
    price: { headings: inMoney('Price at Transaction', 'Spot Price at Transaction'), holds: 'number' },
    subtotal: { headings: inMoney('Subtotal'), holds: 'number' },
    total: {
      headings: inMoney('Total (inclusive of fees and/or spread)', 'Total (inclusive of fees)'),
      holds: 'number',
    },
    fee: { headings: inMoney('Fees and/or Spread', 'Fees'), holds: 'number' },
    notes: { headings: ['Notes'] },
  },
  zone: () => UTC,
  decimal: null,
  dates: null,
  since: Date.UTC(2012, 0, 1),
  order: null,
  source: {
    symbol: 'asset',
    asset: 'asset',
    side: 'kind',
    quantity: 'quantity',
    price: 'subtotal',
    fee: 'fee',
    time: 'time',
    externalId: 'id',
  },
  group: (row) => row.text('time'),
  read: readInstant,
};

/** Coinbase Pro's account statement: a match is two rows and a fee with the same trade id. */
export const coinbasePro: ImportFormat = {
  name: 'coinbase-pro',
  columns: {
    kind: { headings: ['type'] },
    time: { headings: ['time'], holds: 'time' },
    amount: { headings: ['amount'], holds: 'number' },
    balance: { headings: ['balance'], holds: 'number' },
    unit: { headings: ['amount/balance unit'] },
    transferId: { headings: ['transfer id'] },
    tradeId: { headings: ['trade id'] },
    orderId: { headings: ['order id'] },
  },
  zone: () => UTC,
  decimal: null,
  dates: null,
  since: Date.UTC(2015, 0, 1),
  order: null,
  source: { symbol: 'unit', asset: 'unit', quantity: 'amount', price: 'amount', fee: 'amount', time: 'time' },
  group: (row) => row.text('tradeId') || `#${row.line}`,
  read(rows): GroupReading[] {
    const [first] = rows;
    const time = first.time('time');
    const tradeId = first.text('tradeId');
    const moveOf = (row: Row): Move => ({
      asset: row.text('unit').toUpperCase(),
      amount: row.number('amount'),
    });
    if (tradeId === '') {
      const kind = first.text('kind');
      const occasion = { exchange: 'coinbase', time, externalId: first.text('transferId') || undefined };
      const isKnown = /^(deposit|withdrawal)$/i.test(kind);
      const move = moveOf(first);
      return [
        {
          rows,
          reading: isKnown
            ? namedTransfer(kind, move, occasion)
            : undecided('unknown-kind', kind, [move], occasion),
        },
      ];
    }
    const isFee = (row: Row): boolean => /^fee$/i.test(row.text('kind'));
    const occasion = {
      exchange: 'coinbase',
      time,
      externalId: tradeId,
      orderId: first.text('orderId') || undefined,
    };
    const legs = rows.filter((row) => !isFee(row)).map(moveOf);
    return [{ rows, reading: exchangeOf(legs, rows.filter(isFee).map(moveOf), occasion, 'match') }];
  },
};
