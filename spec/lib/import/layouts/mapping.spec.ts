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
});

function row(text: string): Promise<string[]> {
  return inShort(`When,What,Coin,Units,Fee,Fee coin\n2024-01-01T00:00:00Z,${text}\n`, { format });
}

describe('a mapping', () => {
  it('books the fee of what comes in and goes out', async () => {
    assert.deepEqual(await row('deposit,BTC,1,0.1,BTC'), ['deposit BTC 1 + fee BTC 0.1']);
    assert.deepEqual(await row('deposit,BTC,1,2,KRW'), ['deposit BTC 1 + fee KRW 2']);
    assert.deepEqual(await row('withdrawal,BTC,1,0.1,BTC'), ['withdrawal BTC 1.1']);
    assert.deepEqual(await row('withdrawal,BTC,1,2,KRW'), ['withdrawal BTC 1 + fee KRW 2']);
    assert.deepEqual(await row('deposit,BTC,1,0,'), ['deposit BTC 1']);
    assert.deepEqual(await row('deposit,BTC,1,2,'), ['! Fee coin empty']);
  });

  it('refuses a sign that contradicts the word', async () => {
    assert.deepEqual(await row('deposit,BTC,-1,,'), ['! Units wrong-value']);
    assert.deepEqual(await row('withdrawal,BTC,-1,,'), ['withdrawal BTC 1']);
  });
});
