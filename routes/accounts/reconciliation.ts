import { z } from 'zod';
import { type ComparedBalance, listBalances } from '../../db/accounts/account-balances.ts';
import { findAccount } from '../../db/accounts/accounts.ts';
import { decimal } from '../../lib/money/money.ts';
import { problem } from '../../lib/problem.ts';
import { isReconciled, statusOf } from '../../streams/accounts/reconcile.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { accountId, accountSchema } from './account-body.ts';

const balanceSchema = z
  .object({
    asset: field.asset.describe('What was compared.'),
    status: z
      .enum(['agreed', 'checking', 'differs'])
      .describe(
        '`agreed`: the two are the same, to eight decimals. `checking`: they differ for the first time, and will be compared again in a moment. `differs`: they still differ.',
      ),
    exchange: field.decimal.describe(
      'What the account holds according to the exchange, including amounts reserved by orders.',
    ),
    ledger: field.decimal.describe('What the account holds according to its entries.'),
    difference: field.decimal.describe('`exchange` − `ledger`.'),
    checkedAt: field.timestamp.describe('When they were compared.'),
    agreedAt: z.union([field.timestamp, z.null()]).describe('When they last agreed; `null` if never.'),
    differsSince: z
      .union([field.timestamp, z.null()])
      .describe('When they began to differ; `null` if they agree.'),
  })
  .meta({ id: 'ReconciledBalance', description: 'How the balance of one asset compares.' });

function balanceBody(balance: ComparedBalance): z.input<typeof balanceSchema> {
  const { asset, exchangeAmount, ledgerAmount, checkedAt, agreedAt, differsSince } = balance;
  return {
    asset,
    status: statusOf(balance),
    exchange: decimal(exchangeAmount),
    ledger: decimal(ledgerAmount),
    difference: decimal(exchangeAmount - ledgerAmount),
    checkedAt: field.isoTime(checkedAt),
    agreedAt: agreedAt === null ? null : field.isoTime(agreedAt),
    differsSince: differsSince === null ? null : field.isoTime(differsSince),
  };
}

export const getReconciliation = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/accounts/:accountId/reconciliation',
  id: 'getReconciliation',
  tag: 'accounts',
  summary: 'How the balances of an account compare with the ledger',
  description:
    'Compares the ledger with the exchange, asset by asset, after each read of the account. Entries without an `account` count for the only account of their exchange in the portfolio. Assets that neither side holds, and that never differed, are left out.',
  access: 'read',
  params: portfolioParams.extend({ accountId }),
  status: 200,
  response: z
    .object({
      reconciled: accountSchema.shape.reconciled,
      reconciledAt: accountSchema.shape.reconciledAt,
      balances: z.array(balanceSchema).describe('Every asset that was compared, by name.'),
    })
    .meta({
      id: 'Reconciliation',
      description: 'The balances of an account compared with those of the ledger.',
    }),
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const { db } = services;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const account = await findAccount(db, portfolio.id, params.accountId);
    if (account === null)
      throw problem('not-found', { detail: 'There is no such account in this portfolio.' });
    const balances = await listBalances(db, account.id);
    const { reconciledAt } = account;
    return {
      reconciled: isReconciled({ reconciledAt, balances }),
      reconciledAt: reconciledAt === null ? null : field.isoTime(reconciledAt),
      balances: balances.map(balanceBody),
    };
  },
});
