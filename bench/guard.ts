import { BENCHES } from './benches.ts';
import { print, readRatios, short } from './report.ts';

/**
 * `npm run bench:guard`: measures again what is compared with a peer in the same run, and fails when such a ratio has
 * become worse than the one in ratios.json by more than what runs differ by. It writes nothing. It ends with 1 for what
 * must hold on any machine at any load, and else with 3 for a ratio.
 */
const TOLERANCE = 1.3;
const GUARDED = ['fanout:dense', 'fanout:sparse', 'connections', 'cache'];

const known = readRatios();
let worse = 0;
let broken = 0;
for (const name of process.argv.length > 2 ? process.argv.slice(2) : GUARDED) {
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
