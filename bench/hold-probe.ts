import { readFileSync } from 'node:fs';

/**
 * Preloaded into a node that is measured: on SIGUSR2 it prints the longest time since the last one in which its event
 * loop did one thing, in processor time. Waiting for a processor of a busy machine is not part of that.
 */
const SAMPLE_MS = 2;

/** Time on a processor of the main thread, in milliseconds. */
function processorTime(): number {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
}

let longest = 0;
let last = processorTime();
setInterval(() => {
  const now = processorTime();
  longest = Math.max(longest, now - last);
  last = now;
}, SAMPLE_MS).unref();

process.on('SIGUSR2', () => {
  process.stdout.write(`held ${longest.toFixed(2)}\n`);
  longest = 0;
});
