import type { components } from 'marktide/client';
import { exact } from '../figures/number.ts';
import { text } from '../text/text.ts';

type Schemas = components['schemas'];
type Option = Schemas['ImportOption'];
type Move = Schemas['ImportMove'];
type OptionEntry = Schemas['ImportOptionEntry'];

const OPTIONS = [
  'first',
  'second',
  'trade',
  'trades',
  'convert',
  'income',
  'fee',
  'transfers',
  'deposit',
  'withdrawal',
  'nothing',
] as const;

function isKnown<T extends string>(known: readonly T[], code: string): code is T {
  return known.some((each) => each === code);
}

/** `+3.2 USDT, -0.04 BNB`. */
export function movesInWords(moves: readonly Move[]): string {
  return moves
    .map(({ asset, amount }) => `${amount.startsWith('-') ? '' : '+'}${exact(amount)} ${asset}`)
    .join(', ');
}

/** The name of an option. Where the choice is between markets, the id of an option is its market. */
export function optionName({ id }: Pick<Option, 'id'>): string {
  const parts = id.split(':');
  return parts.map((part) => (isKnown(OPTIONS, part) ? text(`option.${part}`) : part)).join(': ');
}

const MOVEMENTS = ['deposit', 'withdrawal', 'income', 'fee', 'rebate'] as const;

function movementInWords({ kind, asset = '', quantity, from = [], toAccount }: OptionEntry): string {
  const values = { quantity: exact(quantity), asset };
  if (kind === 'convert') {
    const given = from.map((source) => `${exact(source.quantity)} ${source.asset}`).join(' + ');
    return text('books.convert', { ...values, given });
  }
  if (toAccount !== undefined) return text('books.transfer', { ...values, place: toAccount });
  return isKnown(MOVEMENTS, kind) ? text(`books.of-${kind}`, values) : `${kind} ${values.quantity} ${asset}`;
}

function entryInWords(entry: OptionEntry): string {
  const { kind, symbol = '', side, quantity, price = '', fee } = entry;
  if (kind !== 'trade') return movementInWords(entry);
  const [base = '', quote = ''] = symbol.split('/');
  const values = { quantity: exact(quantity), base, price: exact(price), quote };
  const trade = text(side === 'buy' ? 'books.buy' : 'books.sell', values);
  if (fee === undefined) return trade;
  return `${trade}, ${text('books.fee', { amount: exact(fee.amount), currency: fee.currency })}`;
}

/** What is booked if it is chosen. */
export function optionInWords({ entries }: Option): string {
  return entries.length === 0 ? text('books.nothing') : entries.map(entryInWords).join('; ');
}
