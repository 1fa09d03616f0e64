import type { Seen } from './pnl-client.ts';
import type { PnlLoad, PnlReady, PnlSetup } from './pnl-server.ts';
import { quantile, type Section, short } from './report.ts';
import { Child } from './child.ts';

const SETUP: PnlSetup = { portfolios: 1_000, holdings: 50, symbols: 200 };
const TICKS_PER_SYMBOL = 5;
const INTERVAL_MS = 250;
const WARM_UP_S = 5;
const MEASURED_S = 15;
const SAMPLES = 50;

/** How long each tick took to reach a client in a PnL event, in milliseconds. */
function ages(load: PnlLoad, { sampled }: Seen): number[] {
  const found: number[] = [];
  for (const log of sampled) {
    const pending = [...load.offsets];
    for (const [offset, at] of log) {
      while (pending[0] !== undefined && pending[0][0] <= offset) {
        found.push((at - pending[0][1]) / 1_000);
        pending.shift();
      }
    }
  }
  return found;
}

/** Many PnL streams of one process while the market moves. */
export async function pnl(): Promise<Section[]> {
  const server = new Child('pnl-server.ts', { PNL_INTERVAL_MS: String(INTERVAL_MS) }, nodeOptions());
  const client = new Child('pnl-client.ts');
  try {
    const ready = await server.ask<PnlReady>('setUp', SETUP, 300_000);
    await client.ask('open', { ready, samples: SAMPLES }, 300_000);
    const rate = TICKS_PER_SYMBOL * SETUP.symbols;
    await server.ask<PnlLoad>('load', { rate, seconds: WARM_UP_S });
    await client.ask('reset');
    const load = await server.ask<PnlLoad>('load', { rate, seconds: MEASURED_S });
    await new Promise((resolve) => setTimeout(resolve, 2 * INTERVAL_MS));
    const seen = await client.ask<Seen>('seen');
    const waits = ages(load, seen);
    const p99 = quantile(waits, 0.99);
    const core = load.cpuMs / (load.seconds * 1_000);
    const perEvent = (load.cpuMs * 1_000) / seen.events;
    return [
      {
        name: 'pnl',
        setup: `${SETUP.portfolios} PnL streams of as many portfolios with ${SETUP.holdings} holdings each, over ${SETUP.symbols} symbols with ${TICKS_PER_SYMBOL} ticks/s each, in one process with the embedded database; an event of a portfolio at most every ${INTERVAL_MS} ms. ${MEASURED_S} s after ${WARM_UP_S} s of warm-up; ages on ${SAMPLES} streams.`,
        rows: {
          columns: ['PnL events/s', 'CPU cores', 'CPU µs per event', 'tick → PnL p50 ms', 'p99 ms', 'max ms'],
          lines: [
            [
              short(seen.events / load.seconds),
              short(core),
              short(perEvent),
              short(quantile(waits, 0.5)),
              short(p99),
              short(quantile(waits, 1)),
            ],
          ],
        },
        verdicts: [
          {
            target: `p99 from tick to PnL at most the interval and 100 ms`,
            measured: `${short(p99)} ms with ${INTERVAL_MS} ms`,
            holds: p99 <= INTERVAL_MS + 100,
          },
          { target: 'under half a core', measured: short(core), holds: core < 0.5 },
        ],
      },
    ];
  } finally {
    await client.ask('close').catch(() => undefined);
    await client.stop();
    await server.stop();
  }
}

/**
 * A larger young generation saves copying what lives only until the next flush. `BENCH_PROFILE=1` leaves a V8 profile
 * in /tmp.
 */
function nodeOptions(): string[] {
  return process.env['BENCH_PROFILE'] === '1'
    ? ['--cpu-prof', '--cpu-prof-dir=/tmp']
    : ['--max-semi-space-size=64'];
}
