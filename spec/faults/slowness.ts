import type { ProxiedFleet } from '../deploy/proxied-fleet.ts';

/** What takes at least two ways of 200 ms. */
const SLOW_S = 0.4;

/** A histogram of `/metrics` that must have nothing below a bucket's limit, while it counts on. */
interface Figure {
  name: string;
  /** Labels that its lines have. */
  labels: string;
  below: string;
  says: string;
}

const FIGURES: Figure[] = [
  {
    name: 'marktide_http_request_duration_seconds',
    labels: 'route="/v1/',
    below: '0.25',
    says: '/metrics: requests take longer than 0.25 s',
  },
  {
    name: 'marktide_stream_publish_to_write_seconds',
    labels: '',
    below: '0.1',
    says: '/metrics: events are published more than 0.1 s before they are sent',
  },
];

interface Counted {
  all: number;
  fast: number;
}

/**
 * Whether everything has become slow, by the figures that operators have: the metrics of the nodes, the access log of the
 * proxy, and answers to a monitor. A busy machine makes some of it slow; only a slow part makes all of it slow.
 */
export class Slowness {
  readonly #fleet: ProxiedFleet;
  #since: number | null = null;
  #counted: Counted[] = [];
  #accesses = 0;
  readonly #answers: { began: number; ms: number }[] = [];

  constructor(fleet: ProxiedFleet) {
    this.#fleet = fleet;
  }

  /** A monitor's request, as `performance.now()`. */
  answered(began: number, ended: number): void {
    this.#answers.push({ began, ms: ended - began });
  }

  /** @returns what has been slow without exception since the last call; the first one returns nothing */
  async look(): Promise<string[]> {
    const before = this.#since;
    const counted = await this.#count();
    const accesses = this.#fleet.proxy.accesses();
    const said = before === null ? [] : this.#compare(before, { counted, accesses });
    this.#since = performance.now();
    this.#counted = counted;
    this.#accesses = accesses.length;
    return said;
  }

  #compare(since: number, now: { counted: Counted[]; accesses: string }): string[] {
    const said = FIGURES.filter((_, index) => {
      const [was, is] = [this.#counted[index], now.counted[index]];
      if (was === undefined || is === undefined) return false;
      return is.all > was.all && is.fast === was.fast;
    }).map(({ says }) => says);
    const answers = this.#answers.filter(({ began }) => began >= since);
    if (answers.length > 0 && answers.every(({ ms }) => ms >= SLOW_S * 1_000))
      said.push(`from outside: no answer within ${SLOW_S} s`);
    const times = [...upstreamTimes(now.accesses.slice(this.#accesses)).values()];
    if (times.some((ofOne) => ofOne.every((seconds) => seconds >= SLOW_S)))
      said.push(`the proxy's access log: a node takes longer than ${SLOW_S} s`);
    return said;
  }

  /** Of both nodes together; of one that does not answer, nothing. */
  async #count(): Promise<Counted[]> {
    const texts = await Promise.all(
      this.#fleet.nodes.map(async ({ url }) => {
        try {
          return await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(2_000) })).text();
        } catch {
          return '';
        }
      }),
    );
    const lines = texts.join('\n').split('\n');
    return FIGURES.map(({ name, labels, below }) => {
      const total = (start: string, limit: string): number =>
        lines
          .filter(
            (line) => line.startsWith(`${name}_${start}`) && line.includes(labels) && line.includes(limit),
          )
          .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
      return { all: total('count', ''), fast: total('bucket', `le="${below}"`) };
    });
  }
}

/** The seconds that each node has taken for what the proxy has passed on to it. */
function upstreamTimes(accesses: string): Map<string, number[]> {
  const times = new Map<string, number[]>();
  for (const [, node = '', seconds] of accesses.matchAll(/ (127\.0\.0\.1:\d+) \d{3} (\d+\.\d+) \S+$/gm))
    times.set(node, [...(times.get(node) ?? []), Number(seconds)]);
  return times;
}
