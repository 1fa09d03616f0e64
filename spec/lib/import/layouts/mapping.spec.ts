import assert from 'node:assert/strict';
import { mappedFormat } from '../../../../lib/import/layouts/mapping.ts';
import { inShort } from '../read-text.ts';

const format = mappedFormat({
  columns: {
    time: 'When',
    kind: 'What',
    asset: 'Coin',
    quantity: 'Units',
    feeAmount: 'Fee',
    feeCurrency: 'Fee coin',
  },
  kinds: {},
  defaultKind: null,
  exchange: 'mine',
  quote: null,
  decimal: null,
  dateOrder: null,
  negativeFee: null,
});

function row(text: string): Promise<string[]> {
  return inShort(`When,What,Coin,Units,Fee,Fee coin\n2024-01-01T00:00:00Z,${text}\n`, { format });
}

describe('a mapping', () => {
  it('books the fee of what comes in and goes out', async () => {
    assert.deepEqual(await row('deposit,BTC,1,0.1,BTC'), ['deposit BTC 1 + fee BTC 0.1']);
    assert.deepEqual(await row('deposit,BTC,1,2,KRW'), ['deposit BTC 1 + fee KRW 2']);
    assert.deepEqual(await row('withdrawal,BTC,1,0.1,BTC'), ['withdrawal BTC 1.1 fee 0.1 BTC']);
    assert.deepEqual(await row('withdrawal,BTC,1,2,KRW'), ['withdrawal BTC 1 + fee KRW 2']);
    assert.deepEqual(await row('deposit,BTC,1,0,'), ['deposit BTC 1']);
    assert.deepEqual(await row('deposit,BTC,1,2,'), ['! Fee coin empty']);
  });

  const trades = (change: { negativeFee?: 'fee' | 'rebate' } = {}) =>
    mappedFormat({
      columns: {
        time: 'When',
        kind: 'What',
        symbol: 'Market',
        quantity: 'Units',
        total: 'Total',
        feeAmount: 'Fee',
        feeCurrency: 'Fee coin',
      },
      kinds: {},
      defaultKind: null,
      exchange: 'mine',
      quote: null,
      decimal: null,
      dateOrder: null,
      negativeFee: null,
      ...change,
    });
  const trade = (text: string, change = {}): Promise<string[]> =>
    inShort(`When,What,Market,Units,Total,Fee,Fee coin\n2024-01-01T00:00:00Z,${text}\n`, {
      format: trades(change),
    });

  it('takes signs of a trade that agree with its side, and refuses the others', async () => {
    for (const [text, found] of [
      ['sell,BTC/EUR,-5,10,,', 'sell BTC/EUR 5'],
      ['sell,BTC/EUR,-5,-10,,', 'sell BTC/EUR 5'],
      ['buy,BTC/EUR,5,-10,,', 'buy BTC/EUR 5'],
      ['buy,BTC/EUR,-5,10,,', '! Units wrong-value'],
      ['sell,BTC/EUR,5,-10,,', '! Total wrong-value'],
    ] as const) {
      assert.deepEqual(await trade(text), [found], text);
    }
  });

  it('says what a fee with a minus is, or refuses it', async () => {
    const row = 'buy,BTC/EUR,5,10,-1,EUR';
    assert.deepEqual(await trade(row), ['! Fee wrong-value']);
    assert.deepEqual(await trade(row, { negativeFee: 'fee' }), ['buy BTC/EUR 5 fee 1 EUR']);
    assert.deepEqual(await trade(row, { negativeFee: 'rebate' }), ['buy BTC/EUR 5 + rebate EUR 1']);
  });

  it('books fees, rebates and rewards that name themselves', async () => {
    assert.deepEqual(await row('fee,BNB,1,,'), ['fee BNB 1']);
    assert.deepEqual(await row('rebate,BNB,1,,'), ['rebate BNB 1']);
    assert.deepEqual(await row('staking,DOT,1,,'), ['income DOT 1 (staking)']);
  });

  it('refuses a sign that contradicts the word', async () => {
    assert.deepEqual(await row('deposit,BTC,-1,,'), ['! Units wrong-value']);
    assert.deepEqual(await row('withdrawal,BTC,-1,,'), ['withdrawal BTC 1']);
  });
});
