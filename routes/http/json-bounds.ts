/** Limits of a JSON text. */
export interface JsonBounds {
  /** Nesting depth of arrays and objects. */
  depth: number;
  /** Values and keys together. */
  parts: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
const CLOSE_ARRAY = 0x5d;
const CLOSE_OBJECT = 0x7d;

/** The position after the string that begins at `start`; the length of the text if it does not end. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ;) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return text.length;
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH && quote - 1 - slashes > start) slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/**
 * The limit that a text exceeds, found in one pass that builds nothing; `null` if it is within both. Without it, a text
 * of a few kilobytes could cost a hundred times its size. Invalid JSON is left to the parser.
 */
export function exceededBound(text: string, { depth, parts }: JsonBounds): keyof JsonBounds | null {
  let open = 0;
  let count = 1;
  for (let at = 0; at < text.length;) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        continue;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        open += 1;
        // Its first member; an empty one counts as if it had one.
        count += 1;
        if (open > depth) return 'depth';
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        open -= 1;
        break;
      case COMMA:
      case COLON:
        count += 1;
        break;
    }
    if (count > parts) return 'parts';
    at += 1;
  }
  return null;
}
