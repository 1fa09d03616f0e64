import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../lib/process/package-info.ts';

const FILE = join(PACKAGE_ROOT, 'bench', 'RESULTS.md');
export const RATIOS_FILE = join(PACKAGE_ROOT, 'bench', 'ratios.json');
const HEAD =
  '# Benchmark results\n\nWritten by `npm run bench -- <name>`. Ratios within one run are what counts: the\nmachine is shared, so absolute times vary.\n';

/** One benchmark's figures as a Markdown section. */
export interface Section {
  name: string;
  /** What was done, in a sentence or two. */
  setup: string;
  rows: { columns: string[]; lines: (string | number)[][] };
  /** A target of the specification, the measured value, and whether it is met. */
  verdicts: {
    target: string;
    measured: string;
    holds: boolean;
    /** Independent of the load on the machine: a lost event is a fault, not a matter of speed. */
    always?: boolean;
  }[];
  notes?: string[];
  /** Relative to something measured in the same run, where less is better: what the guard compares. By name. */
  ratios?: Record<string, number>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** Three significant digits. */
export function short(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

function versionOf(name: string): string {
  const file = join(PACKAGE_ROOT, 'node_modules', name, 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return `${name} ${version}`;
}

function commit(): string {
  try {
    const head = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
    const changed = execFileSync(
      'git',
      ['status', '--porcelain', '--', 'lib', 'streams', 'routes', 'bench'],
      {
        encoding: 'utf8',
      },
    );
    return changed === '' ? head : `${head} and changes`;
  } catch {
    return 'not a git checkout';
  }
}

function render({ name, setup, rows, verdicts, notes = [] }: Section): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU';
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [
    `## ${name}`,
    '',
    setup,
    '',
    `- command: \`npm run bench -- ${name.split(':')[0]}\` on ${new Date().toISOString().slice(0, 16)}Z, commit ${commit()}`,
    `- machine: ${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, load average ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')} at the end`,
    `- versions: Node.js ${process.version}, ${['koa', 'better-sse'].map(versionOf).join(', ')}`,
    ...notes.map((note) => `- ${note}`),
    '',
    line(rows.columns),
    line(rows.columns.map((_, index) => (index === 0 ? '---' : '--:'))),
    ...rows.lines.map(line),
    '',
    ...verdicts.map(
      ({ target, measured, holds }) => `- ${holds ? 'holds' : '**MISSED**'}: ${target}: ${measured}`,
    ),
    '',
  ].join('\n');
}

/** By section and name, as of the last report of each. */
export type Ratios = Record<string, Record<string, number>>;

export function readRatios(): Ratios {
  try {
    return JSON.parse(readFileSync(RATIOS_FILE, 'utf8')) as Ratios;
  } catch {
    return {};
  }
}

export function print(section: Section): void {
  process.stdout.write(`${render(section)}\n`);
}

/** Prints a section, and puts it into RESULTS.md and ratios.json in place of the one with the same name. */
export function report(section: Section): void {
  print(section);
  const text = render(section);
  if (section.ratios !== undefined) {
    const rounded = Object.entries(section.ratios).map(([name, value]) => [name, Number(short(value))]);
    const all = Object.entries({
      ...readRatios(),
      [section.name]: Object.fromEntries(rounded) as Record<string, number>,
    });
    writeFileSync(RATIOS_FILE, `${JSON.stringify(Object.fromEntries(all.sort()), null, 2)}\n`);
  }
  let file = HEAD;
  try {
    file = readFileSync(FILE, 'utf8');
  } catch {
    // The very first result.
  }
  const [head = '', ...sections] = file.split(/^(?=## )/m);
  const others = sections
    .filter((each) => !each.startsWith(`## ${section.name}\n`))
    .map((each) => each.trimEnd());
  const all = [...others, text.trimEnd()].sort();
  writeFileSync(FILE, `${[head.trimEnd(), ...all].join('\n\n')}\n`);
}
