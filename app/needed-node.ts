/** As in `engines` of package.json. This file imports nothing, since older versions must be able to run it. */
const NEEDED = [20, 19] as const;

/** @returns what is wrong with that version of Node.js, as a sentence; `null` if nothing is */
export function nodeFault(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNewEnough = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
  return isNewEnough ? null : `Marktide needs Node.js ${NEEDED.join('.')} or newer; this is ${version}.`;
}
