/** The parts of a list such as `BTC/KRW, ETH/KRW`: each once, without surrounding blanks. Empty parts are left out. */
export function commaList(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  return [...new Set(parts.filter((part) => part !== ''))];
}
