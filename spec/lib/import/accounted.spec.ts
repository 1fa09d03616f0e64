import assert from 'node:assert/strict';
import { array, assert as check, asyncProperty, bigInt, constantFrom, integer, record } from 'fast-check';
import type { Move } from '../../../lib/import/reading/format.ts';
import { movesOf, sumMoves } from '../../../lib/import/reading/legs.ts';
import { abs, decimal, fixed } from '../../../lib/money/money.ts';
import { runs } from '../../support/runs.ts';
import { readText } from './read-text.ts';

const ASSETS = ['BTC', 'ETH', 'USDT', 'BNB'];

/** A change of a balance, under a word that a source has for it or has not. */
interface Change {
  word: number;
  asset: string;
  amount: string;
  fee: string;
  /** Rows of one second, or of one reference. */
  event: number;
  place: number;
}

const signed = bigInt(-(10n ** 11n), 10n ** 11n).map((digits) => decimal(digits * 10n ** 10n));
const change = record<Change>({
  word: integer({ min: 0, max: 1_000 }),
  asset: constantFrom(...ASSETS),
  amount: signed,
  fee: bigInt(-(10n ** 6n), 10n ** 6n).map((digits) => decimal(digits * 10n ** 10n)),
  event: integer({ min: 0, max: 5 }),
  place: integer({ min: 0, max: 3 }),
});

const wordOf = (words: string, { word }: Change): string => {
  const all = words.split('|');
  return all[word % all.length] ?? '';
};
const timeOf = ({ event }: Change): string => `2024-01-01 00:00:0${event}`;

interface Layout {
  head: string;
  row: (change: Change, index: number) => string;
  /** What the row itself says that it changes. */
  moves: (change: Change) => Move[];
  tz?: string;
}

const ofAmount = ({ asset, amount }: Change): Move[] => [{ asset, amount }];

/** Layouts that tell each change of a balance, so that what a file comes to is the sum of one column. */
const LAYOUTS: Record<string, Layout> = {
  binance: {
    head: 'User_ID,UTC_Time,Account,Operation,Coin,Change,Remark',
    row: (each) => {
      const account = ['Spot', 'Funding', 'Earn', 'USD-MFutures'][each.place];
      const words =
        'Buy|Sell|Fee|Transaction Buy|Transaction Spend|Transaction Sold|Transaction Revenue|Transaction Fee|Binance Convert|Small Assets Exchange BNB|Deposit|Withdraw|Staking Rewards|Transfer Between Main and Funding Wallet|Simple Earn Flexible Subscription|Token Swap - Distribution|Crypto Box|Margin Loan|P2P Trading|Something New';
      return `1,${timeOf(each)},${account},${wordOf(words, each)},${each.asset},${each.amount},`;
    },
    moves: ofAmount,
  },
  kraken: {
    head: 'txid,refid,time,type,subtype,aclass,asset,wallet,amount,fee,balance',
    row: (each, index) => {
      const words =
        'trade,tradespot|spend,|receive,|deposit,|withdrawal,|earn,reward|earn,allocation|staking,|transfer,stakingfromspot|transfer,|margin,|rollover,|spend,dustsweeping|something,new';
      const wallet = ['spot / main', 'earn / flexible', '', 'spot / main'][each.place];
      return `L${index},R${each.event},${timeOf(each)},${wordOf(words, each)},currency,${each.asset},${wallet},${each.amount},${each.fee},0`;
    },
    moves: ({ asset, amount, fee }) => [
      { asset, amount },
      { asset, amount: decimal(-fixed(fee)) },
    ],
  },
  gate: {
    head: 'no,time,action_desc,action_data,type,change_amount,amount,total',
    row: (each, index) => {
      const words =
        'Deposits|Withdrawals|Order Filled|Trading Fees|Dust Swap-Small Balances Deducted|Dust Swap-GT Added|Interest Income|Maker Rebate|Something New';
      return `${index},${timeOf(each)},${wordOf(words, each)},e${each.event},${each.asset},${each.amount},0,0`;
    },
    moves: ofAmount,
    tz: 'UTC',
  },
  bybit: {
    head: 'Currency,Contract,Type,Direction,Quantity,Position,Filled Price,Funding,Fee Paid,Cash Flow,Change,Wallet Balance,Action,Time(UTC)',
    row: (each) => {
      const words =
        'TRADE|TRADE|SETTLEMENT|TRANSFER_IN|TRANSFER_OUT|BONUS|FEE_REFUND|INTEREST|CURRENCY_BUY|CURRENCY_SELL|deposit|withdraw|SOMETHING_NEW';
      const sum = decimal(fixed(each.amount) + fixed(each.fee));
      return `${each.asset},C${each.place},${wordOf(words, each)},BUY,1,0,1,--,${each.fee},${each.amount},${sum},0,--,${timeOf(each)}`;
    },
    moves: ({ asset, amount, fee }) => [
      { asset, amount },
      { asset, amount: fee },
    ],
  },
  okx: {
    head: 'UID:1,Account Type:Trading account,Time Zone:UTC+8\nid,Order id,Time,Trade Type,Symbol,Fee,Fee Unit,Balance Change,Balance,Balance Unit',
    row: (each, index) => {
      const words =
        'Spot|Spot|Convert|Small assets convert|Transfer|Stake|Staking Yield|Fee rebate|Deposit|Withdrawal|Perpetual swap|Something new';
      return `${index},o${each.event},${timeOf(each)},${wordOf(words, each)},S${each.place},${each.fee},${each.asset},${each.amount},0,${each.asset}`;
    },
    moves: ofAmount,
  },
  'coinbase-pro': {
    head: 'portfolio,type,time,amount,balance,amount/balance unit,transfer id,trade id,order id',
    row: (each) => {
      const words = 'match|match|fee|deposit|withdrawal|something new';
      const word = wordOf(words, each);
      const trade = /match|fee/.test(word) ? `t${each.event}` : '';
      return `default,${word},2024-01-01T00:00:0${each.event}.000Z,${each.amount},0,${each.asset},,${trade},`;
    },
    moves: ofAmount,
  },
};

/** A price is rounded at its eighteenth digit: so much may a thousand units be off. */
const ROUNDED = fixed('0.000000000001');

function assertSame(found: readonly Move[], meant: readonly Move[], message: string): void {
  const less = meant.map(({ asset, amount }) => ({ asset, amount: decimal(-fixed(amount)) }));
  for (const { asset, amount } of sumMoves([...found, ...less])) {
    assert.ok(abs(fixed(amount)) < ROUNDED, `${asset} is off by ${amount}: ${message}`);
  }
}

describe('what a file comes to', () => {
  for (const [name, { head, row, moves, tz }] of Object.entries(LAYOUTS)) {
    it(`is what is booked, asked about and left out, whatever its rows are (${name})`, async () => {
      await check(
        asyncProperty(array(change, { minLength: 1, maxLength: 25 }), async (changes) => {
          const text = [head, ...changes.map(row), ''].join('\n');
          const rows = await readText(text, tz === undefined ? {} : { tz });
          const found: Move[] = [];
          let read = 0;
          for (const each of rows) {
            read += each.rows;
            assert.ok(!('error' in each), 'error' in each ? each.error.message : '');
            if ('entries' in each) found.push(...each.entries.flatMap(movesOf), ...(each.aside ?? []));
            if ('decision' in each) found.push(...each.decision.moves);
            if ('ignored' in each) found.push(...each.moves);
          }
          assert.equal(read, changes.length);
          assertSame(found, changes.flatMap(moves), text);
        }),
        { numRuns: runs(150) },
      );
    });
  }

  it('is the same whichever option a decision is settled with, but for those that book something else', async () => {
    const { head, row } = LAYOUTS['binance'] ?? assert.fail();
    await check(
      asyncProperty(array(change, { minLength: 2, maxLength: 12 }), async (changes) => {
        const rows = await readText([head, ...changes.map(row), ''].join('\n'));
        for (const each of rows) {
          if (!('decision' in each)) continue;
          for (const { id, entries } of each.decision.options) {
            if (id === 'nothing') continue;
            assertSame(entries.flatMap(movesOf), each.decision.moves, id);
          }
        }
      }),
      { numRuns: runs(150) },
    );
  });
});
