import { ALL, BENCHES } from './benches.ts';
import { report } from './report.ts';

/** `npm run bench`: all benchmarks one after the other, which takes most of an hour, or those that are named. */
const names = process.argv.length > 2 ? process.argv.slice(2) : ALL;
const unknown = names.filter((name) => BENCHES[name] === undefined);
if (unknown.length > 0) {
  console.error(`usage: npm run bench [-- ${Object.keys(BENCHES).join(' | ')} …]`);
  process.exit(2);
}
let missed = 0;
for (const name of names) {
  for (const section of (await BENCHES[name]?.()) ?? []) {
    report(section);
    missed += section.verdicts.filter(({ holds }) => !holds).length;
  }
}
process.exit(missed > 0 ? 1 : 0);
