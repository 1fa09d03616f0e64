import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AccountError } from '../../../lib/exchanges/account-failure.ts';
import { rewardSubtype } from '../../../lib/import/reading/reward-words.ts';
import type { RawEntry, RawSource } from '../../../lib/import/reading/format.ts';
import { decimal, type Fixed, fixed, ZERO } from '../../../lib/money/money.ts';
import { type Ask, id, millis, number } from './answers.ts';
import type { RowState, WindowedHistory } from './windows.ts';

const DAY_MS = 86_400_000;
/** The day Binance opened. */
export const FIRST_DAY = Date.UTC(2017, 6, 14);
/** Older conversions of dust are not available. */
const FIRST_DUST = Date.UTC(2020, 11, 1);
/** The maximum range of a query is ninety days, for conversions thirty. */
const WINDOW_MS = 89 * DAY_MS;
const CONVERT_MS = 29 * DAY_MS;

const status = z.coerce.number().int();
/** `2024-05-05 15:38:56`, in UTC. */
const utc = z.string().transform((text, ctx) => {
  const at = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text) ? Date.parse(`${text.replace(' ', 'T')}Z`) : NaN;
  if (!Number.isNaN(at)) return at;
  ctx.addIssue({ code: 'custom', message: 'is no time' });
  return z.NEVER;
});

const depositSchema = z.object({
  id: id.nullish(),
  amount: number,
  coin: z.string(),
  network: z.string().nullish(),
  status,
  address: z.string().nullish(),
  txId: z.string().nullish(),
  insertTime: millis,
});
type Deposit = z.output<typeof depositSchema>;

function between(startTime: number, endTime: number): Record<string, number> {
  return { startTime, endTime };
}

/** Statuses of deposits that are in the balance, even if they are still locked (6). */
const CREDITED = new Set([1, 6]);
/** Rejected (2), or sent to a wrong address (7). */
const LOST = new Set([2, 7]);

export function deposits(ask: Ask, limit: number): WindowedHistory<Deposit> {
  return {
    firstDay: FIRST_DAY,
    windowMs: WINDOW_MS,
    windows: 20,
    async read(from, until) {
      const params = { ...between(from, until), limit };
      const rows = await ask(z.array(depositSchema), 'sapiGetCapitalDepositHisrec', params);
      return { rows, isCut: rows.length >= limit };
    },
    timeOf: ({ insertTime }) => insertTime,
    stateOf: (row) => stateOf(row.status, CREDITED, LOST),
    entriesOf(rows) {
      const met = new Map<string, number>();
      return rows.map((row) => ({
        kind: 'deposit',
        exchange: 'binance',
        externalId: depositId(row, met),
        asset: row.coin,
        quantity: row.amount,
        time: row.insertTime,
        ...txidOf(row.txId),
      }));
    },
  };
}

function stateOf(value: number, done: ReadonlySet<number>, ended: ReadonlySet<number>): RowState {
  return done.has(value) ? 'done' : ended.has(value) ? 'void' : 'open';
}

/** Old rows have no id: they are identified by their content, and equal ones are numbered. */
function depositId(row: Deposit, met: Map<string, number>): string {
  if (typeof row.id === 'string') return `deposit-${row.id}`;
  const { coin, network, txId, address, amount, insertTime } = row;
  const own = [coin, network ?? '', txId ?? '', address ?? '', amount, insertTime].join('|');
  const count = (met.get(own) ?? 0) + 1;
  met.set(own, count);
  return `deposit-${coin}-${insertTime}-${digest(own)}${count === 1 ? '' : `-${count}`}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

function txidOf(txid: string | null | undefined): { txid?: string } {
  return typeof txid === 'string' && txid !== '' ? { txid } : {};
}

const withdrawalSchema = z.object({
  id,
  amount: number,
  transactionFee: number,
  coin: z.string(),
  status,
  txId: z.string().nullish(),
  applyTime: utc,
  completeTime: utc.nullish().or(z.literal('').transform(() => null)),
});
const SENT = new Set([6]);
/** Cancelled, rejected, failed. */
const NOT_SENT = new Set([1, 3, 5]);

/** The amount is what arrives; the network's fee comes on top. */
export function withdrawals(ask: Ask, limit: number): WindowedHistory<z.output<typeof withdrawalSchema>> {
  return {
    firstDay: FIRST_DAY,
    windowMs: WINDOW_MS,
    windows: 20,
    async read(from, until) {
      const params = { ...between(from, until), limit };
      const rows = await ask(z.array(withdrawalSchema), 'sapiGetCapitalWithdrawHistory', params);
      return { rows, isCut: rows.length >= limit };
    },
    timeOf: ({ applyTime }) => applyTime,
    stateOf: (row) => stateOf(row.status, SENT, NOT_SENT),
    entriesOf: (rows) =>
      rows.map((row) => ({
        kind: 'withdrawal',
        exchange: 'binance',
        externalId: `withdrawal-${row.id}`,
        asset: row.coin,
        quantity: decimal(fixed(row.amount) + fixed(row.transactionFee)),
        time: row.completeTime ?? row.applyTime,
        ...txidOf(row.txId),
      })),
  };
}

const convertSchema = z.object({
  orderId: id,
  orderStatus: z.string(),
  fromAsset: z.string(),
  fromAmount: number,
  toAsset: z.string(),
  toAmount: number,
  createTime: millis,
});
const convertsSchema = z.object({ list: z.array(convertSchema).nullish(), moreData: z.boolean().nullish() });

export function converts(ask: Ask, limit: number): WindowedHistory<z.output<typeof convertSchema>> {
  return {
    firstDay: FIRST_DAY,
    windowMs: CONVERT_MS,
    windows: 30,
    async read(from, until) {
      const params = { ...between(from, until), limit };
      const { list, moreData } = await ask(convertsSchema, 'sapiGetConvertTradeFlow', params);
      const rows = list ?? [];
      return { rows, isCut: moreData === true || rows.length >= limit };
    },
    timeOf: ({ createTime }) => createTime,
    stateOf: ({ orderStatus }) =>
      orderStatus === 'SUCCESS' ? 'done' : orderStatus === 'FAIL' ? 'void' : 'open',
    entriesOf: (rows) =>
      rows.map((row) => ({
        kind: 'convert',
        exchange: 'binance',
        externalId: `convert-${row.orderId}`,
        asset: row.toAsset,
        quantity: row.toAmount,
        from: [{ asset: row.fromAsset, quantity: row.fromAmount }],
        time: row.createTime,
      })),
  };
}

const dustSchema = z.object({
  operateTime: millis,
  transId: id,
  totalTransferedAmount: number,
  totalServiceChargeAmount: number,
  userAssetDribbletDetails: z.array(
    z.object({
      fromAsset: z.string(),
      amount: number,
      transferedAmount: number,
      serviceChargeAmount: number,
      targetAsset: z.string().nullish(),
    }),
  ),
});
const dustsSchema = z.object({ userAssetDribblets: z.array(dustSchema).nullish() });
type Dust = z.output<typeof dustSchema>;

/** @param limit the maximum number of rows that Binance returns for a window, whatever is requested */
export function dust(ask: Ask, limit: number): WindowedHistory<Dust> {
  return {
    firstDay: FIRST_DUST,
    windowMs: WINDOW_MS,
    windows: 40,
    async read(from, until) {
      const { userAssetDribblets: rows } = await ask(
        dustsSchema,
        'sapiGetAssetDribblet',
        between(from, until),
      );
      return { rows: rows ?? [], isCut: (rows ?? []).length >= limit };
    },
    timeOf: ({ operateTime }) => operateTime,
    stateOf: () => 'done',
    entriesOf: (rows) => rows.flatMap(dustEntries),
  };
}

/**
 * A sweep is one conversion. Its charge of two percent of the transferred amount is taken from what arrives.
 */
function dustEntries(row: Dust): RawEntry[] {
  const targets = [...new Set(row.userAssetDribbletDetails.map(({ targetAsset }) => targetAsset ?? 'BNB'))];
  const sum = (of: (each: Dust['userAssetDribbletDetails'][number]) => string): Fixed =>
    row.userAssetDribbletDetails.reduce((total, each) => total + fixed(of(each)), ZERO);
  const isWhole =
    sum((each) => each.transferedAmount) === fixed(row.totalTransferedAmount) &&
    sum((each) => each.serviceChargeAmount) === fixed(row.totalServiceChargeAmount);
  if (!isWhole) throw new AccountError({ code: 'unreadable-answer', reason: 'dribblet.total' });
  return targets.map((asset, index) => {
    const details = row.userAssetDribbletDetails.filter(
      ({ targetAsset }) => (targetAsset ?? 'BNB') === asset,
    );
    const given = new Map<string, { quantity: Fixed; received: Fixed }>();
    let arrived = ZERO;
    for (const each of details) {
      const received = fixed(each.transferedAmount) - fixed(each.serviceChargeAmount);
      const before = given.get(each.fromAsset) ?? { quantity: ZERO, received: ZERO };
      given.set(each.fromAsset, {
        quantity: before.quantity + fixed(each.amount),
        received: before.received + received,
      });
      arrived += received;
    }
    const isSplit = [...given.values()].every(({ received }) => received > ZERO);
    return {
      kind: 'convert',
      exchange: 'binance',
      externalId: `dust-${row.transId}${index === 0 ? '' : `-${asset}`}`,
      asset,
      quantity: decimal(arrived),
      from: [...given].map(([source, { quantity, received }]): RawSource => ({
        asset: source,
        quantity: decimal(quantity),
        ...(isSplit ? { received: decimal(received) } : {}),
      })),
      time: row.operateTime,
    };
  });
}

const dividendSchema = z.object({
  id,
  amount: number,
  asset: z.string(),
  divTime: millis,
  enInfo: z.string().nullish(),
});
const dividendsSchema = z.object({ rows: z.array(dividendSchema).nullish() });

export function dividends(ask: Ask, limit: number): WindowedHistory<z.output<typeof dividendSchema>> {
  return {
    firstDay: FIRST_DAY,
    windowMs: WINDOW_MS,
    windows: 20,
    async read(from, until) {
      const params = { ...between(from, until), limit };
      const { rows } = await ask(dividendsSchema, 'sapiGetAssetAssetDividend', params);
      return { rows: rows ?? [], isCut: (rows ?? []).length >= limit };
    },
    timeOf: ({ divTime }) => divTime,
    stateOf: () => 'done',
    entriesOf: (rows) =>
      rows.map((row) => {
        const word = row.enInfo ?? '';
        const subtype = rewardSubtype(word);
        return {
          kind: 'income',
          exchange: 'binance',
          externalId: `dividend-${row.id}`,
          asset: row.asset,
          quantity: row.amount,
          time: row.divTime,
          ...(subtype === undefined ? {} : { subtype }),
          ...(word === '' ? {} : { note: word.slice(0, 200) }),
        };
      }),
  };
}
