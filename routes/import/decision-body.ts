import { z } from 'zod';
import type { StoredDecision } from '../../db/import/import-decisions.ts';
import {
  DECISION_CODES,
  type DecisionCode,
  type RawDecision,
  type RawEntry,
} from '../../lib/import/reading/format.ts';
import { decisionIn, type ReasonLanguage } from '../../lib/import/reason-texts.ts';
import * as field from '../../lib/schemas/fields.ts';

export const moveSchema = z
  .object({
    asset: z.string().describe('Code of the asset.'),
    amount: z.string().meta({ description: 'What comes in; negative for what goes out.', example: '-0.5' }),
  })
  .meta({ id: 'ImportMove', description: 'What rows of a file add to holdings or take from them.' });

export const optionEntrySchema = z
  .object({
    kind: z.string().describe('Kind of the entry. `income` is a reward.'),
    symbol: z.string().optional().describe('Symbol of a trade.'),
    side: z.string().optional().describe('Side of a trade.'),
    asset: z.string().optional().describe('Asset of any other entry; of a conversion, the one received.'),
    subtype: z.string().optional().describe('What a reward is for, if the file says so.'),
    from: z
      .array(
        z.object({
          asset: z.string().describe('What is given.'),
          quantity: z.string().describe('Units of it.'),
        }),
      )
      .optional()
      .describe('What a conversion gives.'),
    account: z.string().optional().describe('The place that a transfer leaves.'),
    toAccount: z.string().optional().describe('The place where a transfer arrives.'),
    quantity: z.string().describe('How much of the base asset, or of the asset.'),
    price: z.string().optional().describe('Price of a trade.'),
    fee: z
      .object({
        amount: z.string().describe('How much, in units of the currency.'),
        currency: z.string().describe('The currency that the fee was paid in.'),
      })
      .optional()
      .describe('Fee of a trade or a transfer.'),
    time: field.timestamp.describe('When it happened.'),
  })
  .meta({ id: 'ImportOptionEntry', description: 'An entry as the file states it.' });

export const optionSchema = z
  .object({
    id: z.string().meta({ description: 'The id to settle the decision with.', example: 'income' }),
    entries: z.array(optionEntrySchema).meta({ description: 'What is booked if this option is chosen.' }),
  })
  .meta({ id: 'ImportOption', description: 'One possible meaning of rows of a file.' });

export const decisionSchema = z
  .object({
    id: field.id.describe('Id of the decision.'),
    importId: field.id.describe('The import that brought it.'),
    line: z.int().meta({ description: 'Line of its first row in that file.' }),
    exchange: z.string().describe('Which exchange or program wrote the file.'),
    code: z.enum(DECISION_CODES).meta({ description: 'Why it cannot be booked as it is.' }),
    detail: z.string().describe('Why it cannot be booked, as a sentence.'),
    word: z.string().meta({ description: 'What the file calls it.' }),
    time: field.timestamp.describe('When it happened.'),
    moves: z.array(moveSchema).meta({ description: 'What its rows add to and take from holdings.' }),
    options: z.array(optionSchema).meta({ description: 'What it could be.' }),
    status: z.enum(['open', 'settled']).describe('Whether it is still to be taken.'),
    choice: z
      .union([z.string(), z.null()])
      .meta({ description: 'The option that was chosen; `null` while it is open.' }),
    entryIds: z.array(field.id).meta({ description: 'Ids of the entries that were booked for it.' }),
    createdAt: field.timestamp.describe('When the file was imported.'),
    settledAt: z.union([field.timestamp, z.null()]).describe('When it was settled; `null` while it is open.'),
  })
  .meta({
    id: 'ImportDecision',
    description: 'Something that an imported file leaves for the user to decide.',
  });

const DETAILS: Record<DecisionCode, string> = {
  'unknown-kind': 'The file does not tell what it is.',
  'incomplete-trade': 'One side of the trade is missing.',
  'several-trades': 'The rows belong to several trades of one instant, and nothing tells them apart.',
  'ambiguous-pair': 'The name of the market can be split in several ways.',
  derivative: 'It belongs to futures or margin trading, which is not booked.',
  loan: 'It is a loan or its repayment.',
  gift: 'It is a gift, given or received.',
  'renamed-asset': 'The asset has got another name or number of units.',
  'unpriced-purchase': 'It was bought with money that the file does not show.',
  'repeated-time':
    'Its time comes twice, because clocks were put back, and nothing tells which of the two it is.',
};

export function detailOf(code: DecisionCode): string {
  return DETAILS[code];
}

/** An entry of a file that is not booked yet. */
export function entryBody(entry: RawEntry): z.input<typeof optionEntrySchema> {
  return {
    kind: entry.kind,
    ...(entry.kind === 'trade'
      ? { symbol: entry.symbol, side: entry.side, price: entry.price, fee: entry.fee }
      : {
          asset: entry.asset,
          subtype: entry.subtype,
          from: entry.from?.map((source) => ({ asset: source.asset, quantity: source.quantity })),
          account: entry.account,
          toAccount: entry.toAccount,
          fee: entry.fee,
        }),
    quantity: entry.quantity,
    time: field.isoTime(entry.time),
  };
}

export function optionBodies({ options }: Pick<RawDecision, 'options'>): z.input<typeof optionSchema>[] {
  return options.map(({ id, entries }) => ({ id, entries: entries.map(entryBody) }));
}

export function decisionBody(
  decision: StoredDecision,
  language: ReasonLanguage,
): z.input<typeof decisionSchema> {
  return {
    id: decision.id,
    importId: decision.importId,
    line: decision.line,
    exchange: decision.exchange,
    code: decision.code,
    detail: decisionIn(language, decision.code, detailOf(decision.code)),
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
