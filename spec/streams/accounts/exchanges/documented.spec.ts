import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { EXCHANGES } from '../../../../lib/exchanges/exchange.ts';

describe('the table of exchanges in docs/accounts.md', () => {
  it('has a row of every exchange whose accounts can be connected, and of no other', () => {
    const text = readFileSync(new URL('../../../../docs/accounts.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| ([^|]+) \(`(\w+)`\) \|/gm)].map(([, name, id]) => [id, name]);
    assert.deepEqual(
      rows,
      Object.entries(EXCHANGES).map(([id, { name }]) => [id, name]),
    );
    for (const { name } of Object.values(EXCHANGES)) assert.ok(text.includes(`**${name}** `), name);
  });
});
