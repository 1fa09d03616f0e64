import assert from 'node:assert/strict';
import type { JSHandle, Page } from 'playwright-core';
import { eventually } from '../support/eventually.ts';
import { logIn, type NodeProcess } from '../support/node-process.ts';
import { ResumingReader } from '../support/resuming-reader.ts';
import type { ProxiedFleet } from './proxied-fleet.ts';
import { loadRest } from './rest-load.ts';
import { printFigures, pushTicks, tally } from './tick-load.ts';

const STREAM = '/v1/streams?channels=trade:BTC/KRW';
const READERS = 6;

async function startReaders(url: string): Promise<ResumingReader[]> {
  const readers = Array.from({ length: READERS }, () => new ResumingReader(url + STREAM));
  for (const reader of readers) await reader.ready();
  return readers;
}

/** Waits until each has the last trade, and holds that none has lost or repeated one. */
async function assertWhole(
  what: string,
  readers: readonly ResumingReader[],
  { sent, last, more = {} }: { sent: readonly number[]; last: number; more?: object },
): Promise<void> {
  for (const reader of readers) await reader.has(last);
  for (const reader of readers) await reader.stop();
  const tallies = readers.map((reader) => tally(sent, reader.prices));
  const sum = (of: 'received' | 'lost' | 'repeated'): number =>
    tallies.reduce((total, each) => total + each[of], 0);
  const connections = readers.reduce((total, reader) => total + reader.connections, 0);
  const figures = { received: sum('received'), lost: sum('lost'), repeated: sum('repeated') };
  printFigures(what, { sent: sent.length, readers: readers.length, connections, ...figures, ...more });
  assert.deepEqual([figures.lost, figures.repeated], [0, 0]);
  assert.ok(connections > readers.length, 'no stream was ever cut');
  for (const reader of readers) {
    assert.deepEqual([reader.resets, reader.refusals], [0, 0]);
    assert.deepEqual(
      reader.prices,
      [...reader.prices].sort((a, b) => a - b),
      'in order',
    );
  }
}

/** Each node in turn is killed under its streams, and comes back. */
export async function killNodes(fleet: ProxiedFleet, rounds: number): Promise<void> {
  const { proxy } = fleet;
  const readers = await startReaders(proxy.url);
  const load = pushTicks(proxy.url, await logIn(proxy.url));
  for (let round = 0; round < rounds; round += 1) {
    for (const index of [0, 1] as const) {
      await fleet.restart(index, 'SIGKILL');
      // One at a time: with both away there is nobody to send to.
      await pushedTo(fleet.nodes[index]);
    }
  }
  const last = await load.finish();
  const more = { 'pushes of unknown end': load.failed.length };
  await assertWhole('nodes killed', readers, { sent: load.sent, last, more });
}

/** Until the proxy has sent a push to the node again. */
async function pushedTo({ url }: NodeProcess): Promise<void> {
  const isPushedTo = async (): Promise<boolean> => {
    const response = await fetch(`${url}/metrics`);
    return /duration_seconds_count\{[^}]*route="\/v1\/market\/ticks"/.test(await response.text());
  };
  await eventually(isPushedTo, 'a push to the node', { everyMs: 50 });
}

interface Watched {
  prices: number[];
  errors: number;
  killed: boolean;
  resets: number;
}

/** A native EventSource in the page, which tells when it has given up. */
async function watchInBrowser(page: Page, url: string): Promise<JSHandle<Watched>> {
  await page.goto(`${url}/healthz`);
  return await page.evaluateHandle((stream) => {
    const state: Watched = { prices: [], errors: 0, killed: false, resets: 0 };
    const source = new EventSource(stream);
    source.addEventListener('error', () => {
      state.errors += 1;
      // 2 is CLOSED: it will not come back.
      state.killed ||= source.readyState === 2;
    });
    source.addEventListener('reset', () => (state.resets += 1));
    source.addEventListener('trade', (event) => {
      if ('data' in event) state.prices.push(Number(JSON.parse(String(event.data)).price));
    });
    return new Promise<Watched>((resolve) => {
      source.addEventListener('ready', () => resolve(state), { once: true });
    });
  }, STREAM);
}

async function seenInBrowser(page: Page, watched: JSHandle<Watched>, last: number): Promise<Watched> {
  await page.waitForFunction(([{ killed, prices }, price]) => killed || prices.includes(price), [
    watched,
    last,
  ] as const);
  return await watched.jsonValue();
}

/** Both nodes are restarted one after the other, as for a new version, while everything goes on. */
export async function rollingRestart(fleet: ProxiedFleet, page: Page, rounds: number): Promise<void> {
  const { proxy } = fleet;
  const authorization = await logIn(proxy.url);
  const readers = await startReaders(proxy.url);
  const watched = await watchInBrowser(page, proxy.url);
  const load = pushTicks(proxy.url, authorization);
  const rest = await loadRest(proxy.url, authorization);
  for (let round = 0; round < rounds; round += 1) {
    assert.equal(await fleet.restart(0, 'SIGTERM'), 0);
    assert.equal(await fleet.restart(1, 'SIGTERM'), 0);
  }
  const last = await load.finish();
  const { requests, booked, found } = await rest.finish();
  const failed = [...load.failed, ...rest.failed];
  printFigures('REST through the restart', {
    sent: requests + load.sent.length,
    failed: failed.length,
    'trades acknowledged': booked,
    'in the ledger': found,
  });
  const seen = await seenInBrowser(page, watched, last);
  const browser = tally(load.sent, seen.prices);
  printFigures("the browser's EventSource", { ...browser, reconnects: seen.errors, killed: seen.killed });
  await assertWhole('rolling restart', readers, { sent: load.sent, last });
  // What the proxy says of the same time tells why.
  assert.deepEqual(failed, [], failed.length === 0 ? '' : `${failed[0]}\n${proxy.errors().slice(-4_000)}`);
  assert.equal(found, booked);
  assert.deepEqual([seen.killed, seen.resets, browser.lost, browser.repeated], [false, 0, 0, 0]);
  assert.ok(seen.errors > 0, 'the browser was never cut');
}
