import { z } from 'zod';
import { ACCOUNT_PHASES, type ExchangeAccount } from '../../db/accounts/accounts.ts';
import type { ComparedBalance } from '../../db/accounts/account-balances.ts';
import {
  FAILURE_CODES,
  type Failure,
  failureDetail,
  FINAL_FAILURES,
} from '../../lib/exchanges/account-failure.ts';
import { EXCHANGE_IDS, type ExchangeId } from '../../lib/exchanges/exchange.ts';
import { isReconciled } from '../../streams/accounts/reconcile.ts';
import * as field from '../../lib/schemas/fields.ts';

/** How long before a key expires to warn about it. */
const EXPIRY_WARNING_MS = 14 * 86_400_000;

const timeOrNull = (description: string) => z.union([field.timestamp, z.null()]).describe(description);
const flagOrNull = (description: string) => z.union([z.boolean(), z.null()]).describe(description);

export const exchangeId = z.enum(EXCHANGE_IDS).describe('Id of the exchange, as in entries.');
export const accountId = field.id.describe('Id of the account.');

export const accountSchema = z
  .object({
    id: accountId,
    exchange: exchangeId,
    label: z.string().describe('What its owner calls it.'),
    account: z
      .string()
      .describe('The `account` of the entries that it books: the label that it was connected with.'),
    paused: z.boolean().describe('Whether reading it is paused.'),
    phase: z
      .enum(ACCOUNT_PHASES)
      .describe(
        '`waiting`: not read yet. `reading`: its history is being read. `current`: read to the present. `failing`: it will be tried again at `nextTryAt`. `stopped`: its owner has to act.',
      ),
    failure: z
      .union([
        z
          .object({
            code: z.enum(FAILURE_CODES).describe('What happened.'),
            detail: z.string().describe('What happened and what to do about it.'),
          })
          .meta({ id: 'ExchangeAccountFailure', description: 'Why an account cannot be read.' }),
        z.null(),
      ])
      .describe('Why it cannot be read; `null` if it can.'),
    readUntil: timeOrNull('How far its history has been read; `null` if completely, or not at all.'),
    permissions: z
      .union([
        z
          .object({
            trade: flagOrNull('Whether the key may trade; `null` if the exchange does not say.'),
            withdraw: flagOrNull('Whether the key may withdraw; `null` if the exchange does not say.'),
          })
          .meta({ id: 'KeyPermissions', description: 'What an API key may do, besides reading.' }),
        z.null(),
      ])
      .describe('What its API key may do; `null`: not known yet.'),
    allowTradingKey: z.boolean().describe('Whether its owner allows a key that can trade or withdraw.'),
    keyExpiresAt: timeOrNull('When its API key expires; `null` if never, or if the exchange does not say.'),
    keyExpiresSoon: z.boolean().describe('Whether the key expires within 14 days.'),
    lastSuccessAt: timeOrNull('When it was last read to the present; `null`: not yet.'),
    nextTryAt: timeOrNull('When it will be read next; `null` if not automatically.'),
    reconciled: z
      .union([z.boolean(), z.null()])
      .describe('Whether every balance agrees with the ledger; `null`: not known.'),
    reconciledAt: timeOrNull('When its balances were last compared; `null`: not yet.'),
    createdAt: field.timestamp.describe('When it was connected.'),
  })
  .meta({ id: 'ExchangeAccount', description: 'An account at an exchange, without its credentials.' });

export type AccountBody = z.input<typeof accountSchema>;

export function accountBody(
  account: ExchangeAccount,
  balances: readonly ComparedBalance[],
  now: number,
): AccountBody {
  const { exchange, failure, keyExpiresAt, paused, phase } = account;
  return {
    id: account.id,
    exchange,
    label: account.label,
    account: account.place,
    paused,
    phase,
    failure: failure === null ? null : failureBody(exchange, failure),
    readUntil: isoOrNull(account.readUntil),
    permissions: account.permissions,
    allowTradingKey: account.allowTradingKey,
    keyExpiresAt: isoOrNull(keyExpiresAt),
    keyExpiresSoon: keyExpiresAt !== null && keyExpiresAt - now < EXPIRY_WARNING_MS,
    lastSuccessAt: isoOrNull(account.lastSuccessAt),
    nextTryAt: paused || phase === 'stopped' ? null : isoOrNull(account.nextTryAt),
    reconciled: isReconciled({ reconciledAt: account.reconciledAt, balances }),
    reconciledAt: isoOrNull(account.reconciledAt),
    createdAt: field.isoTime(account.createdAt),
  };
}

function isoOrNull(time: number | null): string | null {
  return time === null ? null : field.isoTime(time);
}

function failureBody(exchange: ExchangeId, failure: Failure): AccountBody['failure'] {
  const { code } = failure;
  const what = failureDetail(exchange, failure);
  return { code, detail: FINAL_FAILURES.has(code) ? what : `${what} The server tries again by itself.` };
}
