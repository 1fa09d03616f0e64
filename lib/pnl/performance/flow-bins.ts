import type { Fixed } from '../../money/money.ts';
import { plus } from '../../money/unknown.ts';

/** External money at a time, signed from the portfolio's point of view; `null` without a rate. */
export interface TimedFlow {
  /** Epoch milliseconds. */
  time: number;
  value: Fixed | null;
}

export interface FlowBins {
  add: (flow: TimedFlow) => void;
  /** In order of time. */
  list: () => TimedFlow[];
  /** Flows within so many milliseconds may be reported as one, at the time of the first; 1: each at its own time. */
  grainMs: () => number;
}

const GRAINS_MS = [1, 60_000, 3_600_000, 86_400_000, 30 * 86_400_000] as const;

/**
 * Collects external flows; with untracked cash there are as many as trades. Those of the same millisecond are added up;
 * if that leaves more than `limit`, those of the same minute, then hour, and so on. Each bin counts at the time of its
 * first flow. Sums stay exact.
 */
export function gatherFlows(limit: number): FlowBins {
  let grain = 0;
  let bins = new Map<number, TimedFlow>();
  const put = (flow: TimedFlow): void => {
    const key = Math.floor(flow.time / (GRAINS_MS[grain] ?? 1));
    const bin = bins.get(key);
    if (bin === undefined) bins.set(key, { time: flow.time, value: flow.value });
    else {
      bin.time = Math.min(bin.time, flow.time);
      bin.value = plus(bin.value, flow.value);
    }
  };
  return {
    add(flow) {
      put(flow);
      while (bins.size > limit && grain < GRAINS_MS.length - 1) {
        const finer = bins;
        grain += 1;
        bins = new Map();
        for (const bin of finer.values()) put(bin);
      }
    },
    grainMs: () => GRAINS_MS[grain] ?? 1,
    list: () => [...bins.values()].sort((a, b) => a.time - b.time),
  };
}
