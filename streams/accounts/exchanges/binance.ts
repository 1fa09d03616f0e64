import { z } from 'zod';
import { AccountError, type FailureCode } from '../../../lib/exchanges/account-failure.ts';
import type { RawEntry } from '../../../lib/import/reading/format.ts';
import { decimal, fixed } from '../../../lib/money/money.ts';
import type { AccountAdapter, AccountPage, AdapterOptions, Cursor, KeyFacts } from './adapter.ts';
import { asker, id, number } from './answers.ts';
import { fiatPage } from './binance-fiat.ts';
import { converts, deposits, dividends, dust, withdrawals } from './binance-movements.ts';
import { binanceStream } from './binance-stream.ts';
import { BinanceTrades } from './binance-trades.ts';
import { CcxtClient, type Refusal } from './ccxt-client.ts';
import { windowedPage } from './windows.ts';

/** Binance's maximum number of rows. */
const LIMITS = {
  trades: 1_000,
  deposits: 1_000,
  withdrawals: 1_000,
  converts: 1_000,
  dust: 100,
  dividends: 500,
  fiat: 500,
};
export type BinanceLimits = typeof LIMITS;

const rightsSchema = z.object({
  enableReading: z.boolean(),
  enableWithdrawals: z.boolean(),
  enableInternalTransfer: z.boolean().nullish(),
  permitsUniversalTransfer: z.boolean().nullish(),
  enableSpotAndMarginTrading: z.boolean(),
  enableMargin: z.boolean().nullish(),
  enableFutures: z.boolean().nullish(),
  enableVanillaOptions: z.boolean().nullish(),
  enablePortfolioMarginTrading: z.boolean().nullish(),
  enableFixApiTrade: z.boolean().nullish(),
});
/** What the spot wallet holds; `withdrawing` is on its way out. */
const assetSchema = z.object({
  asset: z.string(),
  free: number,
  locked: number,
  freeze: number,
  withdrawing: number,
});
const codeSchema = z.object({ code: id });

/** Binance's spot wallet. Trades come last, because the other sources show which symbols to ask for first. */
export async function openBinance(
  { credentials, url }: AdapterOptions,
  limits: BinanceLimits = LIMITS,
): Promise<AccountAdapter> {
  const client = await CcxtClient.open({
    exchange: 'binance',
    credentials,
    url,
    reasonOf: (body) => codeSchema.safeParse(body).data?.code ?? null,
    classify,
  });
  const ask = asker(client);
  const seen = new Set<string>();
  const trades = new BinanceTrades({ ask, balances, seen, limit: limits.trades });

  async function inspect(): Promise<KeyFacts> {
    const rights = await ask(rightsSchema, 'sapiGetAccountApiRestrictions');
    if (!rights.enableReading)
      throw new AccountError({ code: 'permission-missing', permission: 'reading (Enable Reading)' });
    const trade = [
      rights.enableSpotAndMarginTrading,
      rights.enableMargin,
      rights.enableFutures,
      rights.enableVanillaOptions,
      rights.enablePortfolioMarginTrading,
      rights.enableFixApiTrade,
      rights.permitsUniversalTransfer,
    ].includes(true);
    const withdraw = rights.enableWithdrawals || rights.enableInternalTransfer === true;
    return { permissions: { trade, withdraw }, expiresAt: null };
  }

  async function balances(): Promise<Record<string, string>> {
    const assets = await ask(z.array(assetSchema), 'sapiV3PostAssetGetUserAsset');
    return Object.fromEntries(
      assets.map(({ asset, free, locked, freeze, withdrawing }) => [
        asset,
        decimal(fixed(free) + fixed(locked) + fixed(freeze) + fixed(withdrawing)),
      ]),
    );
  }

  async function read(source: string, cursor: Cursor | null, now: number): Promise<AccountPage> {
    switch (source) {
      case 'deposits':
        return await windowedPage(cursor, now, deposits(ask, limits.deposits));
      case 'withdrawals':
        return await windowedPage(cursor, now, withdrawals(ask, limits.withdrawals));
      case 'converts':
        return await windowedPage(cursor, now, converts(ask, limits.converts));
      case 'dust':
        return await windowedPage(cursor, now, dust(ask, limits.dust));
      case 'dividends':
        return await windowedPage(cursor, now, dividends(ask, limits.dividends));
      case 'trades':
        return await trades.page(cursor, now);
      case 'fiat':
        return await fiatPage(cursor, now, { ask, limit: limits.fiat });
      default:
        throw new RangeError(`Binance has no ${source}`);
    }
  }

  return {
    sources: ['deposits', 'withdrawals', 'converts', 'dust', 'dividends', 'trades', 'fiat'],
    inspect,
    async page(source, cursor, now) {
      const page = await read(source, cursor, now);
      if (source !== 'trades') for (const entry of page.entries) note(entry, seen);
      return page;
    },
    balances,
    live: { stream: binanceStream({ credentials, url }, { client, trades }) },
  };
}

function note(entry: RawEntry, seen: Set<string>): void {
  if (entry.kind === 'trade') return;
  seen.add(entry.asset);
  for (const { asset } of entry.from ?? []) seen.add(asset);
}

function classify({ status, reason }: Refusal): FailureCode | null {
  switch (reason) {
    // Also returned if the server's address is not allowed, or a permission is missing: the code does not say
    // which.
    case '-2015':
    case '-2014':
    case '-1022':
      return 'key-rejected';
    case '-1021':
      return 'clock-skewed';
    case '-1003':
      return status === 418 ? 'banned' : 'rate-limited';
    case '-1008':
      return 'unreachable';
    default:
      // 403 comes from its firewall, 451 means a country that it does not serve.
      return status === 403 ? 'rate-limited' : status === 451 ? 'address-not-allowed' : null;
  }
}
