import { ENVIRONMENT } from '../lib/config/config.ts';

const BEGIN = '<!-- config table: npm run generate -->';
const END = '<!-- end of config table -->';

/** The README's table of environment variables, generated from the schema that validates them. */
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

/** The README with the table between its markers. @throws Error when the markers are missing */
export function withConfigTable(readme: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('The README has no markers for the configuration table.');
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${configTable()}\n\n${readme.slice(end)}`;
}
