import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENVIRONMENT } from '../lib/config.ts';
import { PACKAGE_ROOT } from '../lib/package-info.ts';

const BEGIN = '<!-- config table: npm run docs -->';
const END = '<!-- end of config table -->';

/** README's table of variables, made from the schema that reads them. */
export function configTable(): string {
  const unset = ENVIRONMENT.safeParse({});
  const defaults: Record<string, string | string[] | number | boolean | undefined> = unset.success
    ? unset.data
    : {};
  const rows = Object.entries(ENVIRONMENT.shape).map(([name, schema]) => {
    const value = [defaults[name]].flat().join(',');
    const description = (schema.description ?? '').replaceAll('|', '\\|');
    return `| \`${name}\` | ${value === '' ? '' : `\`${value}\``} | ${description} |`;
  });
  return ['| variable | default | what it is |', '|---|---|---|', ...rows].join('\n');
}

/** A text with the table in its place. @throws when the place is not marked */
export function withConfigTable(readme: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('the place of the config table is not marked');
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${configTable()}\n\n${readme.slice(end)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = join(PACKAGE_ROOT, 'README.md');
  await writeFile(path, withConfigTable(await readFile(path, 'utf8')));
}
