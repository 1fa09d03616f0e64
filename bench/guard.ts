import { BENCHES } from './benches.ts';
import { print, readRatios, short } from './report.ts';

/**
 * `npm run bench:guard`: measures again what is compared with a peer in the same run, and fails when such a ratio has
 * become worse than the one in ratios.json by more than what runs differ by. It writes nothing.
 */
const TOLERANCE = 1.3;
const GUARDED = ['fanout:dense', 'fanout:sparse', 'connections', 'cache'];

const known = readRatios();
let worse = 0;
for (const name of process.argv.length > 2 ? process.argv.slice(2) : GUARDED) {
  for (const section of (await BENCHES[name]?.()) ?? []) {
    print(section);
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
process.exit(worse > 0 ? 1 : 0);
