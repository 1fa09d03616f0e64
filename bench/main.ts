import { cache } from './cache.ts';
import { connections } from './connections.ts';
import { csv } from './csv.ts';
import { dense, sparse } from './fanout.ts';
import { importFile } from './import.ts';
import { fleet } from './fleet.ts';
import { ledger } from './ledger.ts';
import { others } from './others.ts';
import { pnl } from './pnl.ts';
import { report, type Section } from './report.ts';
import { resume } from './resume.ts';
import { trades } from './trades.ts';

/** Every benchmark by name. Each starts what it measures, ends it, and returns its sections of the report. */
const BENCHES: Record<string, () => Promise<Section[]>> = {
  fanout: async () => [...(await dense()), ...(await sparse())],
  'fanout:dense': dense,
  'fanout:sparse': sparse,
  connections,
  fleet,
  resume,
  others,
  csv,
  import: importFile,
  ledger,
  cache,
  pnl,
  trades,
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => BENCHES[name] === undefined);
if (names.length === 0 || unknown.length > 0) {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHES).join('|')}`);
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
