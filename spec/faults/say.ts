/** A figure for who reads the output of a scenario, under its name. */
export function say(text: string): void {
  process.stdout.write(`      ${text}\n`);
}
