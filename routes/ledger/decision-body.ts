import { z } from 'zod';
import type { StoredDecision } from '../../db/import/import-decisions.ts';
import {
  DECISION_CODES,
  type DecisionCode,
  type RawDecision,
  type RawEntry,
} from '../../lib/import/reading/format.ts';
import * as field from '../http/fields.ts';

export const moveSchema = z
  .object({
    asset: z.string().describe('Code of the asset.'),
    amount: z.string().meta({ description: 'What comes in; with a minus what goes out.', example: '-0.5' }),
  })
  .meta({ id: 'ImportMove', description: 'What rows of a file add to holdings or take from them.' });

export const optionEntrySchema = z
  .object({
    kind: z.string().describe('`trade`, or the kind of the transfer.'),
    symbol: z.string().optional().describe('Symbol of a trade.'),
    side: z.string().optional().describe('Side of a trade.'),
    asset: z.string().optional().describe('Asset of a transfer.'),
    quantity: z.string().describe('How much of the base asset, or of the asset.'),
    price: z.string().optional().describe('Price of a trade.'),
    fee: z
      .object({
        amount: z.string().describe('How much of the currency.'),
        currency: z.string().describe('What the fee was paid in.'),
      })
      .optional()
      .describe('Fee of a trade.'),
    time: field.timestamp.describe('When it happened.'),
  })
  .meta({ id: 'ImportOptionEntry', description: 'An entry as a file has it.' });

export const optionSchema = z
  .object({
    id: z.string().meta({ description: 'What a decision is settled with.', example: 'income' }),
    entries: z.array(optionEntrySchema).meta({ description: 'What is booked if it is chosen.' }),
  })
  .meta({ id: 'ImportOption', description: 'Something that rows of a file could be.' });

export const decisionSchema = z
  .object({
    id: field.id.describe('Id of the decision.'),
    importId: field.id.describe('The import that brought it.'),
    line: z.int().meta({ description: 'Of the first of its rows in that file.' }),
    exchange: z.string().describe('Whose file it was.'),
    code: z.enum(DECISION_CODES).meta({ description: 'Why it cannot be booked as it is.' }),
    detail: z.string().describe('Why it cannot be booked, as a sentence.'),
    word: z.string().meta({ description: 'What the file calls it.' }),
    time: field.timestamp.describe('When it happened.'),
    moves: z.array(moveSchema).meta({ description: 'What its rows add to and take from holdings.' }),
    options: z.array(optionSchema).meta({ description: 'What it could be.' }),
    status: z.enum(['open', 'settled']).describe('Whether it still has to be taken.'),
    choice: z
      .union([z.string(), z.null()])
      .meta({ description: 'The option that was chosen; `null` while it is open.' }),
    entryIds: z.array(field.id).meta({ description: 'The entries that were booked for it.' }),
    createdAt: field.timestamp.describe('When the file was imported.'),
    settledAt: z.union([field.timestamp, z.null()]).describe('When it was settled; `null` while it is open.'),
  })
  .meta({ id: 'ImportDecision', description: 'What an imported file left to be decided.' });

const DETAILS: Record<DecisionCode, string> = {
  'unknown-kind': 'The file does not tell what it is.',
  'incomplete-trade': 'One side of the trade is missing.',
  'several-trades': 'The rows belong to several trades of one instant, and nothing tells them apart.',
  'ambiguous-pair': 'The name of the market can be split in several ways.',
  derivative: 'It belongs to futures or margin, which are not booked.',
  loan: 'It is a loan or its repayment.',
  gift: 'It is a gift, given or received.',
  'renamed-asset': 'The asset has got another name or number of units.',
  'unpriced-purchase': 'It was bought with money that the file does not show.',
};

export function detailOf(code: DecisionCode): string {
  return DETAILS[code];
}

/** An entry that is not booked yet, as a file has it. */
export function entryBody(entry: RawEntry): z.input<typeof optionEntrySchema> {
  return {
    kind: entry.kind,
    ...(entry.kind === 'trade'
      ? { symbol: entry.symbol, side: entry.side, price: entry.price, fee: entry.fee }
      : { asset: entry.asset }),
    quantity: entry.quantity,
    time: field.isoTime(entry.time),
  };
}

export function optionBodies({ options }: Pick<RawDecision, 'options'>): z.input<typeof optionSchema>[] {
  return options.map(({ id, entries }) => ({ id, entries: entries.map(entryBody) }));
}

export function decisionBody(decision: StoredDecision): z.input<typeof decisionSchema> {
  return {
    id: decision.id,
    importId: decision.importId,
    line: decision.line,
    exchange: decision.exchange,
    code: decision.code,
    detail: detailOf(decision.code),
    word: decision.word,
    time: field.isoTime(decision.time),
    moves: decision.moves,
    options: optionBodies(decision),
    status: decision.status,
    choice: decision.choice,
    entryIds: decision.entryIds,
    createdAt: field.isoTime(decision.createdAt),
    settledAt: decision.settledAt === null ? null : field.isoTime(decision.settledAt),
  };
}
