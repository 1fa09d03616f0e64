/** The code that was entered, in its known spelling. Codes are rarely meant to be in lower case. */
export function assetCode(entered: string, known: readonly string[]): string {
  const code = entered.trim();
  if (known.includes(code)) return code;
  const same = known.find((each) => each.toLowerCase() === code.toLowerCase());
  return same ?? (code === code.toLowerCase() ? code.toUpperCase() : code);
}
