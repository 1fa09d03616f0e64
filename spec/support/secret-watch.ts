/** What is a secret whoever made it: JSON Web Tokens, API keys, hashes of passwords. */
const SHAPES = [
  /eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.?[\w-]*/g,
  /\bmt_[\w-]{43}/g,
  /\$argon2\w*\$\S+/g,
  /\b(?:marktide_(?:access|refresh|csrf|device)=|token=)(?!\[redacted\])[^\s"'\\;&]{8,}/g,
];
/** Members of bodies that hold secrets, at whatever depth. */
const MEMBERS = new Set([
  'password',
  'currentPassword',
  'newPassword',
  'accessToken',
  'refreshToken',
  'token',
  'key',
]);
/** Shorter ones are words that stand in many places. */
const SHORTEST = 8;
const LONG_WORD = 16;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/**
 * Learns the secrets that go over the wire and keeps what is logged, to tell whether any of the ones stands in the other.
 * Both are kept until they are compared: a token may be logged before anybody has seen it.
 */
export class SecretWatch {
  #secrets = new Set<string>();
  #text: string[] = [];

  get lines(): number {
    return this.#text.length;
  }

  knows(secret: string): boolean {
    return this.#secrets.has(secret);
  }

  learn(...secrets: readonly (string | null | undefined)[]): void {
    for (const secret of secrets) {
      if (secret !== null && secret !== undefined && secret.length >= SHORTEST) this.#secrets.add(secret);
    }
  }

  /** What a request or an answer says in its headers; names in lower case. */
  learnHeaders(headers: Iterable<readonly [string, string]>): void {
    for (const [name, value] of headers) {
      if (name === 'authorization') this.learn(value.replace(/^\w+ /, ''));
      else if (name === 'x-api-key' || name === 'x-csrf-token') this.learn(value);
      else if (name === 'cookie') for (const pair of value.split('; ')) this.#learnCookie(pair);
      else if (name === 'set-cookie') this.#learnCookie(value.split(';')[0] ?? '');
    }
  }

  /** `?token=` of a URL or path. */
  learnUrl(url: string): void {
    this.learn(new URLSearchParams(url.split('?')[1] ?? '').get('token'));
  }

  /** The secrets in a JSON body; what is no JSON has none. */
  learnBody(text: string): void {
    try {
      JSON.parse(text, (name, value: unknown) => {
        if (MEMBERS.has(name) && typeof value === 'string') this.learn(value);
        return value;
      });
    } catch {
      // A test that sends nonsense.
    }
  }

  log(line: string): void {
    this.#text.push(line);
  }

  /** The lines that hold a secret; what was kept is let go. */
  take(): string[] {
    const lines = this.#text;
    const secrets = this.#secrets;
    [this.#text, this.#secrets] = [[], new Set()];
    const text = lines.join('\n');
    const suspects = longWords(text);
    const leaked = [...secrets].flatMap((secret) => partsOf(secret).filter((part) => isIn(part)));
    function isIn(part: string): boolean {
      // All but the long words of a log are ids: looking among those few is quick, however many tokens there were.
      return /^[\w-]+$/.test(part) && part.length >= LONG_WORD
        ? suspects.includes(part)
        : text.includes(part) || text.includes(JSON.stringify(part).slice(1, -1));
    }
    return lines.filter(
      (line) =>
        leaked.some((part) => line.includes(part) || line.includes(JSON.stringify(part).slice(1, -1))) ||
        SHAPES.some((shape) => line.search(shape) >= 0),
    );
  }

  #learnCookie(pair: string): void {
    const at = pair.indexOf('=');
    if (pair.startsWith('marktide_')) this.learn(pair.slice(at + 1));
  }
}

/** A token's payload or signature alone is too much to be told. */
function partsOf(secret: string): string[] {
  return [secret, ...secret.split('.').filter((part) => part.length >= LONG_WORD && part !== secret)];
}

function longWords(text: string): string {
  return [...new Set(text.replaceAll(UUID, ' ').match(/[\w-]{16,}/g))].join(' ');
}
