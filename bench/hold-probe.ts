import { LoopHold } from '../spec/support/loop-hold.ts';

/**
 * Preloaded into a node that is measured: on SIGUSR2 it prints the longest time since the last one in which its event
 * loop did one thing, in processor time. Waiting for a processor of a busy machine is not part of that.
 */
const hold = new LoopHold();

process.on('SIGUSR2', () => {
  process.stdout.write(`held ${hold.take().cpu.toFixed(2)}\n`);
});
