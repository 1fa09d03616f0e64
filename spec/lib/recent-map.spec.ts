import assert from 'node:assert/strict';
import { RecentMap } from '../../lib/recent-map.ts';

describe('a map of recent entries', () => {
  it('drops the entry that was unused for longest', () => {
    const map = new RecentMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    assert.equal(map.get('a'), 1);
    map.set('c', 3);
    assert.equal(map.get('b'), undefined);
    assert.equal(map.get('a'), 1);
    assert.equal(map.get('c'), 3);
    assert.equal(map.size, 2);
  });

  it('counts an entry that is written again as used, and displaces nothing for it', () => {
    const map = new RecentMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.set('a', 3);
    assert.equal(map.size, 2);
    map.set('c', 4);
    assert.equal(map.get('b'), undefined);
    assert.equal(map.get('a'), 3);
  });

  it('has room again after an entry was deleted', () => {
    const map = new RecentMap<string, number>(1);
    map.set('a', 1);
    map.delete('a');
    map.set('b', 2);
    assert.equal(map.get('b'), 2);
  });
});
