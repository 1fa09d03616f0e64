import { z } from 'zod';
import { balancesOf, type ComparedBalance } from '../../db/accounts/account-balances.ts';
import { type ExchangeAccount, listAccounts } from '../../db/accounts/accounts.ts';
import { doubledEntries, firstEntryAt } from '../../db/accounts/doubled-entries.ts';
import type { Database } from '../../db/connection/database.ts';
import { getEntries } from '../../db/ledger/entries/entries.ts';
import type { StoredEntry } from '../../db/ledger/entries/stored-entry.ts';
import { decimal } from '../../lib/money/money.ts';
import * as field from '../../lib/schemas/fields.ts';
import { CAUSES, type Proposal, proposalsFor, type ProposedEntry } from '../../streams/accounts/proposals.ts';
import { statusOf } from '../../streams/accounts/reconcile.ts';
import { endpoint } from '../http/endpoint.ts';
import { entryBody, entrySchema } from '../portfolios/entry-body.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { accountId, accountSchema, exchangeId } from './account-body.ts';

/** The maximum number of differences in a response. */
const LISTED = 100;

export const discrepancyId = z
  .string()
  .meta({ example: '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80.BTC.1767225600000' });

const proposalSchema = z
  .object({
    id: z.string().describe('Id of the proposal, unique within the discrepancy.'),
    cause: z
      .enum(CAUSES)
      .describe(
        '`doubled`: entries were booked twice. `opening`: held before the history begins. `reward`, `deposit`, `withdrawal`, `fee`: something that the exchange does not list. `correction`: unknown.',
      ),
    detail: z.string().describe('What may have happened, as a sentence.'),
    books: z
      .union([
        z
          .object({
            kind: z
              .enum(['deposit', 'withdrawal', 'reward', 'fee', 'adjustment'])
              .describe('Kind of the entry.'),
            subtype: z
              .union([z.enum(['airdrop', 'staking', 'interest', 'opening', 'correction']), z.null()])
              .describe('What a reward is for, or what an adjustment is.'),
            asset: field.asset.describe('What is moved.'),
            quantity: field.decimal.describe('Units of the asset; negative only in a correction.'),
            time: field.timestamp.describe('When it is assumed to have happened.'),
          })
          .meta({ id: 'ProposedEntry', description: 'An entry that would settle a discrepancy.' }),
        z.null(),
      ])
      .describe('The entry that would be booked; `null`: none.'),
    removes: z.array(entrySchema).describe('The entries that would be removed.'),
  })
  .meta({
    id: 'DiscrepancyProposal',
    description: 'A possible explanation of a discrepancy, which would settle it.',
  });

const discrepancySchema = z
  .object({
    id: discrepancyId.describe('Id of the discrepancy: of the account, the asset, and when it began.'),
    accountId,
    exchange: exchangeId,
    label: accountSchema.shape.label,
    asset: field.asset.describe('What differs.'),
    exchangeAmount: field.decimal.describe('What the account holds according to the exchange.'),
    ledgerAmount: field.decimal.describe('What the account holds according to its entries.'),
    difference: field.decimal.describe('`exchangeAmount` − `ledgerAmount`.'),
    differsSince: field.timestamp.describe('When the two were first found to differ.'),
    agreedAt: z.union([field.timestamp, z.null()]).describe('When they last agreed; `null` if never.'),
    checkedAt: field.timestamp.describe('When they were last compared.'),
    proposals: z
      .array(proposalSchema)
      .describe('What may explain it, most likely first. Each of them makes the two agree.'),
  })
  .meta({ id: 'Discrepancy', description: 'An asset whose balance differs from that of the exchange.' });

/** An asset whose balance differs, with possible explanations. */
export interface Discrepancy {
  account: ExchangeAccount;
  balance: ComparedBalance;
  since: number;
  proposals: Proposal[];
}

export function idOf({ account, balance, since }: Discrepancy): string {
  return `${account.id}.${balance.asset}.${since}`;
}

/** The differences of some accounts of a portfolio, by account and asset, at most `limit`. */
export async function findDiscrepancies(
  db: Database,
  accounts: readonly ExchangeAccount[],
  limit: number,
): Promise<{ found: Discrepancy[]; total: number }> {
  const ids = accounts.map(({ id }) => id);
  const balances = await balancesOf(db, ids);
  const found: Discrepancy[] = [];
  let total = 0;
  for (const account of accounts) {
    const differing = (balances.get(account.id) ?? []).flatMap((balance) =>
      statusOf(balance) === 'differs' && balance.differsSince !== null
        ? [{ balance, since: balance.differsSince }]
        : [],
    );
    total += differing.length;
    const shown = differing.slice(0, limit - found.length);
    if (shown.length === 0) continue;
    const evidence = {
      exchange: account.exchange,
      doubled: await doubledEntries(
        db,
        account,
        shown.map(({ balance }) => balance.asset),
      ),
      firstEntryAt: await firstEntryAt(db, account),
    };
    for (const { balance, since } of shown) {
      found.push({ account, balance, since, proposals: proposalsFor(balance, since, evidence) });
    }
  }
  return { found, total };
}

export const listDiscrepancies = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/discrepancies',
  id: 'listDiscrepancies',
  tag: 'accounts',
  summary: 'Balances that differ from those of the exchange, and what may explain them',
  description:
    'An asset is listed once its balance has differed twice in a row. Each has proposals, which `POST …/discrepancies/:discrepancyId/accept` books. Something that came in is proposed for the moment after the two last agreed, something that went out for the moment they were found to differ; the entry can be corrected afterwards. If an entry that the account did not book says the same as one it did, within a day, its removal is proposed where that explains the difference.',
  access: 'read',
  params: portfolioParams,
  status: 200,
  response: z
    .object({
      items: z.array(discrepancySchema).describe(`By account and asset, at most ${LISTED}.`),
      total: z.int().describe('How many assets differ.'),
    })
    .meta({ id: 'DiscrepancyList', description: 'The differences between a ledger and its exchanges.' }),
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const { db } = services;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const { found, total } = await findDiscrepancies(db, await listAccounts(db, portfolio.id), LISTED);
    const removed = [
      ...new Set(found.flatMap(({ proposals }) => proposals.flatMap(({ removes }) => removes))),
    ];
    const entries = new Map<string, StoredEntry>();
    if (removed.length > 0) {
      for (const entry of await getEntries(db, portfolio.id, removed)) entries.set(entry.id, entry);
    }
    return { items: found.map((each) => discrepancyBody(each, entries)), total };
  },
});

function discrepancyBody(
  discrepancy: Discrepancy,
  entries: ReadonlyMap<string, StoredEntry>,
): z.input<typeof discrepancySchema> {
  const { account, balance, since, proposals } = discrepancy;
  const { asset, exchangeAmount, ledgerAmount, agreedAt, checkedAt } = balance;
  return {
    id: idOf(discrepancy),
    accountId: account.id,
    exchange: account.exchange,
    label: account.label,
    asset,
    exchangeAmount: decimal(exchangeAmount),
    ledgerAmount: decimal(ledgerAmount),
    difference: decimal(exchangeAmount - ledgerAmount),
    differsSince: field.isoTime(since),
    agreedAt: agreedAt === null ? null : field.isoTime(agreedAt),
    checkedAt: field.isoTime(checkedAt),
    proposals: proposals.map(({ books, removes, ...rest }) => ({
      ...rest,
      books: books === null ? null : proposedBody(books),
      removes: removes.flatMap((id) => {
        const entry = entries.get(id);
        return entry === undefined ? [] : [entryBody(entry)];
      }),
    })),
  };
}

function proposedBody(entry: ProposedEntry) {
  const { kind, asset, quantity, time } = entry;
  const subtype = 'subtype' in entry ? entry.subtype : null;
  return { kind, subtype, asset, quantity: decimal(quantity), time: field.isoTime(time) };
}
