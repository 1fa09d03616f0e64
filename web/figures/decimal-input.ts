/** Pattern of an input, with or without commas between thousands. */
export const DECIMAL = String.raw`\s*[0-9,]{1,26}(\.[0-9]{1,18})?\s*`;
export const SIGNED_DECIMAL = `-?${DECIMAL}`;

/** Converts the input to the API's format. */
export function plainDecimal(entered: string): string {
  return entered.trim().replaceAll(',', '');
}
