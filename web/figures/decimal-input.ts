/** Of an input: with commas between thousands or without. */
export const DECIMAL = String.raw`\s*[0-9,]{1,26}(\.[0-9]{1,18})?\s*`;
export const SIGNED_DECIMAL = `-?${DECIMAL}`;

/** What was entered, as the API takes it. */
export function plainDecimal(entered: string): string {
  return entered.trim().replaceAll(',', '');
}
