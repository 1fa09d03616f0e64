import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { MARKET_LOG, portfolioLog } from '../../../streams/channels/logs.ts';
import { MAX_LOGS } from '../../../streams/core/channel.ts';
import { channelsOf } from '../../support/channels.ts';
import {
  cursorAt,
  decodeCursor,
  encodePart,
  logTag,
  MAX_CURSOR_LENGTH,
  positionIn,
  newEpoch,
} from '../../../streams/core/cursor.ts';
import { Places } from '../../../streams/core/connections/places.ts';
import { collidingPortfolios } from '../../support/colliding-logs.ts';

const SEAL = 'sealed_8';
/** 4, 5, 6 and 7 characters of an offset. */
const [MILLIONS, BILLION, BILLIONS] = [64 ** 4 - 1, 64 ** 5 - 1, 64 ** 6 - 1] as const;

/** Portfolios in groups of one tag, the largest first. */
const groups = collidingPortfolios(30_000).sort((a, b) => b.length - a.length);
const epochs = new Map<string, string>();

/** Each log has one of its own. */
function epochOf(log: string): string {
  let epoch = epochs.get(log);
  if (epoch === undefined) epochs.set(log, (epoch = newEpoch(Math.random)));
  return epoch;
}

function placesOf(
  portfolios: readonly string[],
  { market, seal }: { market: boolean; seal: string | null },
): Places {
  const names = [...(market ? ['trade:A/B'] : []), ...portfolios.map((id) => `fills:${id}`)];
  return new Places(channelsOf(names.join(',')), seal);
}

function reach(places: Places, offsetOf: (log: string) => number): void {
  for (const place of places.all)
    place.part = encodePart(logTag(place.log), epochOf(place.log), offsetOf(place.log));
}

const sets = fc
  .tuple(
    fc.array(fc.constantFrom(...groups.slice(0, 200)), { minLength: 1, maxLength: 4 }),
    fc.boolean(),
    fc.option(fc.constant(SEAL)),
  )
  .map(([some, market, seal]) => ({
    portfolios: [...new Set(some.flat())].slice(0, market ? MAX_LOGS - 1 : MAX_LOGS),
    market,
    seal,
  }));

describe('a cursor', () => {
  it('tells every log of a set its position, whatever tags collide, and the logs of any other set too', () => {
    assert.ok(groups.length > 200 && (groups[0]?.length ?? 0) > 2);
    fc.assert(
      fc.property(
        sets,
        fc.infiniteStream(fc.nat({ max: MILLIONS })),
        fc.infiniteStream(fc.boolean()),
        ({ portfolios, market, seal }, offsets, isKept) => {
          const places = placesOf(portfolios, { market, seal });
          const expected = new Map(places.all.map(({ log }) => [log, Number(offsets.next().value)]));
          reach(places, (log) => expected.get(log) ?? 0);
          const id = places.id();
          assert.match(id, /^[A-Za-z0-9._~-]{1,128}$/);
          const cursor = decodeCursor(id);
          assert.ok(cursor);
          assert.equal(cursor.seal, seal);
          for (const { log } of places.all) {
            const position = { epoch: epochOf(log), offset: expected.get(log), views: 0 };
            assert.deepEqual(positionIn(cursor, log), position);
          }
          // Of logs that it was not made for it may tell the position of another log, which is in another epoch.
          for (const id of groups
            .flat()
            .filter(() => isKept.next().value)
            .slice(0, 200)) {
            const log = portfolioLog(id);
            if (!expected.has(log)) assert.notEqual(positionIn(cursor, log)?.epoch, epochOf(log));
          }
          const fewer = placesOf(portfolios.slice(1), { market: true, seal: null });
          for (const { log } of fewer.all.filter(({ log }) => expected.has(log)))
            assert.equal(positionIn(cursor, log)?.offset, expected.get(log));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('has room for the market and seven portfolios of one tag', () => {
    const [crowd = []] = collidingPortfolios(300_000).sort((a, b) => b.length - a.length);
    const portfolios = crowd.slice(0, MAX_LOGS - 1);
    assert.equal(portfolios.length, MAX_LOGS - 1);
    const places = placesOf(portfolios, { market: true, seal: SEAL });
    reach(places, (log) => (log === MARKET_LOG ? BILLIONS : MILLIONS));
    const market = places.of(MARKET_LOG);
    assert.ok(market);
    market.part = encodePart(logTag(MARKET_LOG), epochOf(MARKET_LOG), BILLIONS, 8);
    const id = places.id();
    assert.equal(id.split('.').filter((part) => part.startsWith('~')).length, MAX_LOGS - 2);
    assert.ok(id.length < MAX_CURSOR_LENGTH, String(id.length));
    const cursor = decodeCursor(id);
    assert.ok(cursor);
    for (const { log } of places.all) assert.ok(positionIn(cursor, log), log);
  });

  it('leaves logs out rather than being too long', () => {
    const portfolios = groups.slice(0, MAX_LOGS - 1).map(([id = '']) => id);
    const places = placesOf(portfolios, { market: true, seal: SEAL });
    reach(places, (log) => (log === MARKET_LOG ? Number.MAX_SAFE_INTEGER / 4096 : BILLIONS + 1));
    const id = places.id();
    assert.ok(id.length <= MAX_CURSOR_LENGTH);
    const cursor = decodeCursor(id);
    assert.ok(cursor);
    const told = places.all.filter(({ log }) => positionIn(cursor, log) !== null);
    assert.equal(told.length, MAX_LOGS - 1);
    assert.ok(positionIn(cursor, MARKET_LOG));
    reach(places, (log) => (log === MARKET_LOG ? BILLION : MILLIONS));
    assert.ok(decodeCursor(places.id()), 'and takes them in again');
  });

  it('is made for two logs with one tag wherever one is made', () => {
    const [[first = '', second = ''] = []] = groups;
    const logs = [portfolioLog(first), portfolioLog(second)];
    const id = cursorAt('AAAA', new Map(logs.map((log, n) => [log, { epoch: epochOf(log), offset: n }])));
    const cursor = decodeCursor(id);
    assert.ok(cursor);
    logs.forEach((log, n) => assert.equal(positionIn(cursor, log)?.offset, n));
  });

  it('of an earlier version is understood', () => {
    const market = { epoch: 'lK9p0', offset: 12, views: 1 };
    const cursor = decodeCursor(`s82b~${SEAL}.${logTag(MARKET_LOG)}lK9p0C~1.cS5q7NIH1`);
    assert.ok(cursor);
    assert.deepEqual([cursor.channelSet, cursor.seal], ['s82b', SEAL]);
    assert.deepEqual(positionIn(cursor, MARKET_LOG), market);
    assert.deepEqual(cursor.positions.get('cS5'), { epoch: 'q7NIH', offset: 1, views: 0 });
  });

  it('of an earlier version with one tag for two logs tells the others', () => {
    const [[first = ''] = []] = groups;
    const log = portfolioLog(first);
    const tag = logTag(log);
    const cursor = decodeCursor(`s82b.${logTag(MARKET_LOG)}lK9p0C.${tag}aaaaa1.${tag}bbbbb2`);
    assert.ok(cursor);
    assert.equal(positionIn(cursor, MARKET_LOG)?.offset, 12);
    assert.equal(positionIn(cursor, log), null);
  });

  it('is nothing else', () => {
    for (const text of [
      '',
      'AAAA',
      'AAAA.',
      'AAA.5Na000001',
      'AAAA.5Na000001~0',
      'AAAA.5Na00000',
      'AAAA.5N~a000001',
      'AAAA.x~5Na000001',
      `AAAA.${'~'.repeat(14)}5Na000001`,
      'AAAA.5Na000001~1~1',
      'AAAA.5Na000001 ',
      'AAAA~short.5Na000001',
      `AAAA.${'5Na000001.'.repeat(13)}x`,
    ])
      assert.equal(decodeCursor(text), null, text);
  });

  it('never breaks its reader, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[A-Z]{4}(\.[a-c~.]{0,12}){0,9}$/)), (text) => {
        const cursor = decodeCursor(text);
        if (cursor !== null) positionIn(cursor, MARKET_LOG);
      }),
    );
  });
});
