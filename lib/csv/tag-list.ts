/** The most tags that one trade or transfer can have. */
export const MAX_TAGS = 100;

/** Tags in one cell, with `;` between them; a `;` or `\` in a tag is escaped with a `\`. */
export function joinTags(tags: readonly string[]): string {
  return tags.map((tag) => tag.replace(/[;\\]/g, String.raw`\$&`)).join(';');
}

export function splitTags(cell: string): string[] {
  if (cell === '') return [];
  const tags = [''];
  let escaped = false;
  for (const character of cell) {
    if (!escaped && character === ';') tags.push('');
    else if (!escaped && character === '\\') escaped = true;
    else {
      tags[tags.length - 1] += character;
      escaped = false;
    }
  }
  return tags;
}
