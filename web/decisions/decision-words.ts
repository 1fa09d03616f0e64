import type { components } from 'marktide/client';
import { exact } from '../figures/number.ts';
import { text } from '../text/text.ts';

type Schemas = components['schemas'];
type Option = Schemas['ImportOption'];
type Move = Schemas['ImportMove'];
type OptionEntry = Schemas['ImportOptionEntry'];

const OPTIONS = ['trade', 'income', 'transfers', 'deposit', 'withdrawal', 'nothing'] as const;
const REASONS = [
  'unknown-kind',
  'incomplete-trade',
  'several-trades',
  'ambiguous-pair',
  'derivative',
  'loan',
  'gift',
  'renamed-asset',
  'unpriced-purchase',
] as const satisfies Schemas['ImportDecision']['code'][];

function isKnown<T extends string>(known: readonly T[], code: string): code is T {
  return known.some((each) => each === code);
}

/** `+3.2 USDT, -0.04 BNB`. */
export function movesInWords(moves: readonly Move[]): string {
  return moves
    .map(({ asset, amount }) => `${amount.startsWith('-') ? '' : '+'}${exact(amount)} ${asset}`)
    .join(', ');
}

/** What an option is called. Those between several markets have the market as their id. */
export function optionName({ id }: Pick<Option, 'id'>): string {
  return isKnown(OPTIONS, id) ? text(`option.${id}`) : id;
}

/** Why the rows cannot be booked as they are; `fallback` for a reason that this page does not know yet. */
export function decisionReason(code: string, fallback: string): string {
  return isKnown(REASONS, code) ? text(`decision.${code}`) : fallback;
}

function entryInWords({
  kind,
  symbol = '',
  side,
  asset = '',
  quantity,
  price = '',
  fee,
}: OptionEntry): string {
  if (kind !== 'trade') {
    const values = { quantity: exact(quantity), asset };
    if (kind === 'deposit') return text('books.deposit', values);
    return text(kind === 'withdrawal' ? 'books.withdrawal' : 'books.income', values);
  }
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
