import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';

export interface Stage {
  name: string;
  instructions: { word: string; rest: string }[];
}

/** The stages of Dockerfile, with continued lines joined. */
export function stages(): Stage[] {
  const text = readFileSync(join(PACKAGE_ROOT, 'Dockerfile'), 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ');
  const found: Stage[] = [];
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const [, word = '', rest = ''] = /^(\w+) +(.*)$/.exec(line.trim()) ?? [];
    if (word === 'FROM') found.push({ name: / AS (\w+)/.exec(rest)?.[1] ?? '', instructions: [] });
    found.at(-1)?.instructions.push({ word, rest });
  }
  return found;
}

export function copies({
  instructions,
}: Stage): { from: string | null; sources: string[]; target: string }[] {
  return instructions
    .filter(({ word }) => word === 'COPY')
    .map(({ rest }) => {
      const from = /--from=(\w+)/.exec(rest)?.[1] ?? null;
      const paths = rest.split(/ +/).filter((part) => !part.startsWith('--'));
      return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
    });
}
