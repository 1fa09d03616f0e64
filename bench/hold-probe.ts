import { LoopHold } from '../spec/support/loop-hold.ts';

/**
 * Preloaded into a node under test: on SIGUSR2 it prints the longest time, since the last signal, that a single task
 * held the event loop, in CPU time. Waiting for a CPU of a busy machine does not count.
 */
const hold = new LoopHold();

process.on('SIGUSR2', () => {
  process.stdout.write(`held ${hold.take().cpu.toFixed(2)}\n`);
});
