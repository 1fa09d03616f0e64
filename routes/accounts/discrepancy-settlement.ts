import { z } from 'zod';
import { noteEntries } from '../../db/accounts/account-entries.ts';
import { recheckBalance } from '../../db/accounts/account-balances.ts';
import { derivedBalances } from '../../db/accounts/derived-balances.ts';
import { type ExchangeAccount, findAccount, makeDue } from '../../db/accounts/accounts.ts';
import { EntryConflictError } from '../../db/ledger/entries/candidates.ts';
import { entryByKey, getEntries } from '../../db/ledger/entries/entries.ts';
import { bookEntries } from '../../db/ledger/ledger.ts';
import { lockingLedgers, lockLedgers } from '../../db/ledger/portfolios/linked-ledgers.ts';
import type { Portfolio } from '../../db/ledger/portfolios/portfolios.ts';
import { removeEntries } from '../../db/ledger/removal.ts';
import type { StoredEntry } from '../../db/ledger/entries/stored-entry.ts';
import { ZERO } from '../../lib/money/money.ts';
import { problem } from '../../lib/problem.ts';
import type { Proposal, ProposedEntry } from '../../streams/accounts/proposals.ts';
import { isSame } from '../../streams/accounts/reconcile.ts';
import { endpoint } from '../http/endpoint.ts';
import type { Services } from '../http/handler-services.ts';
import { unratedEntry } from '../ledger/entry-draft.ts';
import type { EntryInput } from '../ledger/entry-input.ts';
import { rated, rateFinder } from '../ledger/trade-draft.ts';
import { entryBody, entrySchema } from '../portfolios/entry-body.ts';
import { changeLedger } from '../portfolios/ledger-change.ts';
import { writablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { type Discrepancy, discrepancyId, findDiscrepancies, idOf } from './discrepancies.ts';

/** Account, asset and start of the difference. */
const ID = /^([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.([A-Z\d]{1,20})\.(\d{1,15})$/;

function notFound() {
  return problem('not-found', {
    detail: 'There is no such discrepancy. It is settled, or the balances are compared again in a moment.',
  });
}

export const acceptProposal = endpoint({
  method: 'post',
  path: '/v1/portfolios/:portfolioId/discrepancies/:discrepancyId/accept',
  id: 'acceptDiscrepancyProposal',
  tag: 'accounts',
  summary: 'Settle a discrepancy with one of its proposals',
  description:
    'Books the proposed entry, or removes the entries named, and compares the balances again. The entry belongs to the account. Idempotent: a repeated request returns the entry that was booked. To undo it, remove that entry, or book the removed ones again.',
  access: 'trades:write',
  params: portfolioParams.extend({ discrepancyId: discrepancyId.describe('Id of the discrepancy.') }),
  body: z
    .strictObject({ proposal: z.string().min(1).max(100).describe('Id of the proposal.') })
    .meta({ id: 'DiscrepancyDecision', description: 'Which proposal settles a discrepancy.' }),
  status: 200,
  response: z
    .object({
      booked: z.union([entrySchema, z.null()]).describe('The entry that was booked; `null`: none.'),
      removed: z.array(entrySchema).describe('The entries that were removed, as they were.'),
    })
    .meta({ id: 'SettledDiscrepancy', description: 'How a discrepancy was settled.' }),
  examples: { request: { proposal: 'reward-staking' } },
  problems: [
    'invalid-request',
    'not-found',
    'conflict',
    'quota-exceeded',
    'unprocessable-entry',
    'unavailable',
  ],
  async handler({ params, body, caller }, services) {
    const { db } = services;
    const portfolio = await writablePortfolio(db, params.portfolioId, caller);
    const [, accountId = '', asset = '', time = ''] = ID.exec(params.discrepancyId) ?? [];
    if (accountId === '') throw notFound();
    const account = await findAccount(db, portfolio.id, accountId);
    if (account === null) throw notFound();
    const about = { account, asset, since: Number(time), externalId: keyOf(accountId, asset, time) };
    const key = { exchange: account.exchange, externalId: about.externalId };
    const before = await entryByKey(db, portfolio.id, key);
    if (before !== null) {
      if (proposalOf(before) !== body.proposal) {
        throw problem('conflict', {
          detail: `Another proposal was accepted: entry ${before.id}. Remove that entry first.`,
        });
      }
      await settled(services, about);
      return { booked: entryBody(before), removed: [] };
    }
    const { found } = await findDiscrepancies(db, [account], Infinity);
    const discrepancy = found.find((each) => idOf(each) === params.discrepancyId);
    if (discrepancy === undefined) throw notFound();
    const proposal = discrepancy.proposals.find(({ id }) => id === body.proposal);
    if (proposal === undefined) {
      throw problem('not-found', {
        detail: 'The discrepancy has no such proposal, or no longer. List the discrepancies again.',
      });
    }
    await assertCompared(services, discrepancy);
    const outcome =
      proposal.books === null
        ? { booked: null, removed: await remove(services, portfolio.id, proposal) }
        : { booked: await book(services, portfolio, about, proposal.books), removed: [] };
    await settled(services, about);
    return {
      booked: outcome.booked === null ? null : entryBody(outcome.booked),
      removed: outcome.removed.map(entryBody),
    };
  },
});

/**
 * @throws Problem `conflict` if the ledger has changed since the balances were compared, so that the
 *   difference is another one
 */
async function assertCompared(
  { db, clock, accounts }: Services,
  { account, balance }: Discrepancy,
): Promise<void> {
  const now = (await derivedBalances(db, account)).get(balance.asset) ?? ZERO;
  if (isSame(now, balance.ledgerAmount)) return;
  await makeDue(db, account.id, { clock });
  accounts.changed(account.portfolioId);
  throw problem('conflict', {
    detail:
      'The ledger has changed since the balances were compared. They are compared again in a moment; then look again.',
  });
}

interface About {
  account: ExchangeAccount;
  asset: string;
  since: number;
  externalId: string;
}

/** One key per discrepancy: a second proposal would book the same difference again. */
function keyOf(accountId: string, asset: string, since: string): string {
  return `reconcile:${accountId}:${asset}:${since}`;
}

/** The proposal that an entry was booked by. */
function proposalOf(entry: StoredEntry): string {
  switch (entry.kind) {
    case 'income':
      return `reward-${entry.subtype}`;
    case 'adjustment':
      return entry.subtype ?? 'correction';
    default:
      return entry.kind;
  }
}

async function book(
  services: Services,
  portfolio: Portfolio,
  { account, externalId }: About,
  proposed: ProposedEntry,
): Promise<StoredEntry> {
  const { db, config } = services;
  const { id } = portfolio;
  const own = { exchange: account.exchange, account: account.place, externalId };
  const reason = 'The balance at the exchange';
  const input: EntryInput =
    proposed.kind === 'adjustment' ? { ...proposed, ...own, reason } : { ...proposed, ...own };
  const draft = await rated(unratedEntry(input), rateFinder(db, portfolio));
  const { outcomes } = await changeLedger(services, id, (options) =>
    bookEntries(db, id, [draft], {
      ...options,
      tagLimit: config.TAGS_PER_PORTFOLIO,
      assetLimit: config.ASSETS_PER_PORTFOLIO,
    }),
  ).catch((error: unknown) => {
    if (!(error instanceof EntryConflictError)) throw error;
    throw problem('conflict', { detail: 'Another proposal is being accepted at the moment.', cause: error });
  });
  const [outcome] = outcomes;
  if (outcome === undefined) throw new TypeError('an entry without an outcome');
  return outcome.entry;
}

async function remove(services: Services, id: string, { removes }: Proposal): Promise<StoredEntry[]> {
  const ids = [...removes];
  const removal = await changeLedger(services, id, (options) =>
    lockingLedgers(services.db, async (trx) => {
      const ledgers = await lockLedgers(trx, [id]);
      const present = await getEntries(trx, id, removes);
      if (present.length < removes.length) throw notFound();
      return await removeEntries(trx, ledgers, id, async () => ids.splice(0), options);
    }),
  );
  return removal.entries;
}

/** Attributes the entry to the account and has the balances compared again. */
async function settled(services: Services, { account, asset, since, externalId }: About): Promise<void> {
  const { db, clock, accounts } = services;
  await noteEntries(db, account, [externalId]);
  await recheckBalance(db, account.id, { asset, since });
  await makeDue(db, account.id, { clock });
  accounts.changed(account.portfolioId);
}
