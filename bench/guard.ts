import { BENCHES } from './benches.ts';
import { print, readRatios, short } from './report.ts';

/**
 * `npm run bench:guard`: repeats the benchmarks that compare Marktide with a peer in the same run, and fails if a ratio is
 * worse than the one in ratios.json by more than the usual spread. It needs `postgres` and `redis-server`, and writes
 * nothing. Exit codes: 1 for a broken promise that holds at any load, or no result in time; 2 for an unknown name; 3 for a
 * worse ratio.
 */
const TOLERANCE = 1.3;
const GUARDED = ['fanout:dense', 'fanout:sparse', 'connections', 'cache'];
/** Several times what a quiet machine needs. Its child processes end with it. */
const DEADLINE_MS = 20 * 60_000;

setTimeout(() => {
  console.error(`no result within ${DEADLINE_MS / 60_000} minutes`);
  process.exit(1);
}, DEADLINE_MS).unref();

const names = process.argv.length > 2 ? process.argv.slice(2) : GUARDED;
if (names.some((name) => BENCHES[name] === undefined)) {
  console.error(`usage: npm run bench:guard [-- ${Object.keys(BENCHES).join(' | ')} …]`);
  process.exit(2);
}
const known = readRatios();
let worse = 0;
let broken = 0;
for (const name of names) {
  for (const section of (await BENCHES[name]?.()) ?? []) {
    print(section);
    broken += section.verdicts.filter(({ holds, always }) => always === true && !holds).length;
    for (const [what, ratio] of Object.entries(section.ratios ?? {})) {
      const before = known[section.name]?.[what];
      if (before === undefined) continue;
      const isWorse = !(ratio <= before * TOLERANCE);
      if (isWorse) worse += 1;
      console.log(
        `${isWorse ? 'WORSE' : 'ok'}: ${section.name}: ${what}: ${short(before)} → ${short(ratio)}`,
      );
    }
  }
}
process.exit(broken > 0 ? 1 : worse > 0 ? 3 : 0);
