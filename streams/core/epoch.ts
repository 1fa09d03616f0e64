import type { Random } from '../../lib/clock.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

/** A name for a new epoch: five characters that may stand in an event id, one of 2³⁰. */
export function newEpoch(random: Random): string {
  let name = '';
  for (let i = 0; i < 5; i += 1) name += ALPHABET.charAt(Math.floor(random() * ALPHABET.length));
  return name;
}
