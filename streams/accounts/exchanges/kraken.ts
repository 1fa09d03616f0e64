import { z } from 'zod';
import type { FailureCode } from '../../../lib/exchanges/account-failure.ts';
import { krakenAsset } from '../../../lib/import/layouts/kraken.ts';
import { decimal, fixed, ZERO } from '../../../lib/money/money.ts';
import type { AccountAdapter, AdapterOptions, KeyFacts } from './adapter.ts';
import { asker, number } from './answers.ts';
import { CcxtClient, type Refusal } from './ccxt-client.ts';
import { type KrakenLimits, krakenLedger } from './kraken-ledger.ts';
import { windowedPage } from './windows.ts';

/** A request takes six seconds of a key's budget, so that few fit into the time of a page. */
const LIMITS: KrakenLimits = { rows: 500 };
/** How much of the ledger to ask for to see whether the key may read it. */
const PROBE_MS = 60_000;

/** The permissions that a key needs, as named on the page where keys are created. */
const RIGHTS = {
  privatePostBalanceEx: 'balances (Query Funds)',
  privatePostLedgers: 'the ledger (Query Ledger Entries)',
};

const balancesSchema = z.object({ result: z.record(z.string(), z.object({ balance: number })) });
const errorSchema = z.object({ error: z.array(z.string()).min(1) });

/** Kraken. Its ledger has every change of every balance: fills, movements, fees, conversions and rewards. */
export async function openKraken(
  { credentials, url }: AdapterOptions,
  limits: KrakenLimits = LIMITS,
): Promise<AccountAdapter> {
  const client = await CcxtClient.open({
    exchange: 'kraken',
    credentials,
    url,
    hasRisingNonce: true,
    reasonOf: (body) => errorSchema.safeParse(body).data?.error[0]?.replaceAll(' ', '_') ?? null,
    classify,
  });
  const ask = asker(client, RIGHTS);
  const ledger = krakenLedger(ask, limits);

  /** Coins that earn have balances of their own. */
  async function balances(): Promise<Record<string, string>> {
    const { result } = await ask(balancesSchema, 'privatePostBalanceEx');
    const sums = new Map<string, bigint>();
    for (const [code, { balance }] of Object.entries(result)) {
      const asset = krakenAsset(code);
      sums.set(asset, (sums.get(asset) ?? ZERO) + fixed(balance));
    }
    return Object.fromEntries([...sums].map(([asset, amount]) => [asset, decimal(amount)]));
  }

  async function inspect(): Promise<KeyFacts> {
    // A key's permissions are not read, so each is tried.
    await balances();
    const now = client.now();
    await ledger.read(now - PROBE_MS, now);
    return { permissions: { trade: null, withdraw: null }, expiresAt: null };
  }

  return {
    sources: ['ledger'],
    inspect,
    async page(source, cursor, now) {
      if (source !== 'ledger') throw new RangeError(`Kraken has no ${source}`);
      return await windowedPage(cursor, now, ledger);
    },
    balances,
  };
}

function classify({ reason }: Refusal): FailureCode | null {
  if (reason?.startsWith('EService:Throttled') === true) return 'rate-limited';
  switch (reason) {
    case 'EAPI:Invalid_key':
    case 'EAPI:Invalid_signature':
      return 'key-rejected';
    case 'EGeneral:Permission_denied':
      return 'permission-missing';
    // Another program uses the same key: the next request has a higher one.
    case 'EAPI:Invalid_nonce':
      return 'exchange-error';
    case 'EAPI:Rate_limit_exceeded':
      return 'rate-limited';
    case 'EGeneral:Temporary_lockout':
      return 'banned';
    case 'EService:Unavailable':
      return 'maintenance';
    case 'EService:Busy':
    case 'EGeneral:Internal_error':
      return 'unreachable';
    default:
      return null;
  }
}
