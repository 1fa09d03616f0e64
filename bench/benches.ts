import { cache } from './cache.ts';
import { concurrency } from './concurrency.ts';
import { connections } from './connections.ts';
import { csv } from './csv.ts';
import { dense, sparse } from './fanout.ts';
import { importFile } from './import.ts';
import { fleet } from './fleet.ts';
import { ledger } from './ledger.ts';
import { others } from './others.ts';
import { pnl } from './pnl.ts';
import type { Section } from './report.ts';
import { rest } from './rest.ts';
import { resume } from './resume.ts';
import { stall } from './stall.ts';
import { trades } from './trades.ts';

/** Every benchmark by name. Each starts what it measures, stops it, and returns its sections of the report. */
export const BENCHES: Record<string, () => Promise<Section[]>> = {
  fanout: async () => [...(await dense()), ...(await sparse())],
  'fanout:dense': dense,
  'fanout:sparse': sparse,
  connections,
  concurrency,
  fleet,
  resume,
  others,
  csv,
  import: importFile,
  ledger,
  cache,
  pnl,
  rest,
  stall,
  trades,
};

/** The complete run; the others are parts of these. */
export const ALL = Object.keys(BENCHES).filter((name) => !name.includes(':'));
