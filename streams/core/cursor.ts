import { createHash } from 'node:crypto';
import type { Random } from '../../lib/clock.ts';
import type { Position } from './broker.ts';

/**
 * The cursor is what a client sends back as `Last-Event-ID`: its position in every log that it reads.
 *
 * Form: `<channel set>.<part>.<part>…`. The channel set has 4 characters, and may be followed by `~` and a seal of 8. A
 * part is the log's tag (3), its epoch (5) and the offset (base 64, up to 7), followed by `~n` when n views of the next
 * event have been delivered already. Where two logs of a connection have the same tag, one of them gets another: `~`
 * and the next 3 characters of its digest. Only `[A-Za-z0-9._~-]`, at most 128 characters: other characters or a longer
 * id would make browsers send a CORS preflight with every reconnect.
 *
 * Eight logs fit: there is always room for one log of 68 billion events and seven of 16 million each (without a seal,
 * of a billion), if the events of only one log have several views. An id that would be longer leaves logs out, which
 * then start with a `reset` (see `Places`).
 */
export interface CursorPosition extends Position {
  /** Views of event `offset + 1` that were already delivered. */
  views: number;
}

export interface Cursor {
  channelSet: string;
  /** Proves that its client was authorised by a certain token; `null` if there is none. */
  seal: string | null;
  /** By the tag of the log. `null` where two parts have the same one. */
  positions: Map<string, CursorPosition | null>;
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-';
const DIGIT_VALUE = new Map(Array.from(DIGITS, (digit, value) => [digit, value] as const));
const TAG_LENGTH = 3;
/** Tags of one digest. */
const TAGS = 14;
const PART = /^(~{0,13}[A-Za-z0-9_-]{3})([A-Za-z0-9_-]{5})([A-Za-z0-9_-]{1,7})(?:~([1-9]))?$/;
const HEAD = /^([A-Za-z0-9_-]{4})(?:~([A-Za-z0-9_-]{8}))?$/;

export const MAX_CURSOR_LENGTH = 128;
/** The longest id that a client may send. An id that is not ours leads to a `reset`. */
export const MAX_LAST_EVENT_ID = 512;

/** A random name for a new epoch, one of 2³⁰: five characters that are allowed in an id. */
export function newEpoch(random: Random): string {
  return Array.from({ length: 5 }, () => DIGITS.charAt(Math.floor(random() * DIGITS.length))).join('');
}

/** All tags that a log may have, the usual one first. */
function tagsOf(log: string): string[] {
  const digest = createHash('sha256').update(log).digest('base64url');
  return Array.from(
    { length: TAGS },
    (_, n) => '~'.repeat(n) + digest.slice(n * TAG_LENGTH, (n + 1) * TAG_LENGTH),
  );
}

/** Three characters that represent the name of a log. */
export function logTag(log: string): string {
  return tagsOf(log)[0] ?? '';
}

/** The tag of each log in a cursor over all of these: the first of its tags that is not mistaken for another log's. */
export function logTags(logs: readonly string[]): string[] {
  const all = logs.map(tagsOf);
  const levels: number[] = [];
  const fits = (tags: readonly string[], level: number): boolean =>
    levels.every((other, n) => {
      const others = all[n] ?? [];
      // A reader of the cursor looks for the longest of a log's tags first.
      return level < other ? tags[other] !== others[other] : tags[level] !== others[level];
    });
  for (const tags of all) levels.push(tags.findIndex((_, level) => fits(tags, level)));
  return all.map((tags, n) => tags[levels[n] ?? 0] ?? '');
}

/** The same position under another tag. */
export function underTag(tag: string, part: string): string {
  return tag + part.slice(TAG_LENGTH);
}

function encodeOffset(offset: number): string {
  let text = '';
  let rest = offset;
  do {
    text = (DIGITS[rest % 64] ?? '') + text;
    rest = Math.floor(rest / 64);
  } while (rest > 0);
  return text;
}

function decodeOffset(text: string): number {
  let offset = 0;
  for (const digit of text) offset = offset * 64 + (DIGIT_VALUE.get(digit) ?? 0);
  return offset;
}

/** One log's share of a cursor. */
export function encodePart(tag: string, epoch: string, offset: number, views = 0): string {
  return `${tag}${epoch}${encodeOffset(offset)}${views > 0 ? `~${views}` : ''}`;
}

export function encodeCursor(channelSet: string, parts: Iterable<string>): string {
  return [channelSet, ...parts].join('.');
}

/** The cursor of these positions. */
export function cursorAt(channelSet: string, positions: ReadonlyMap<string, Position>): string {
  const tags = logTags([...positions.keys()]);
  const parts = [...positions.values()].map(({ epoch, offset }, n) =>
    encodePart(tags[n] ?? '', epoch, offset),
  );
  return encodeCursor(channelSet, parts);
}

function decodePart(text: string): { tag: string; position: CursorPosition } | null {
  const [, tag, epoch, offset, views = 0] = PART.exec(text) ?? [];
  if (tag === undefined || epoch === undefined || offset === undefined) return null;
  return { tag, position: { epoch, offset: decodeOffset(offset), views: Number(views) } };
}

/** The position in a part. */
export function positionOfPart(part: string): CursorPosition | null {
  return decodePart(part)?.position ?? null;
}

/** @returns `null` for anything that is not a cursor of ours */
export function decodeCursor(text: string): Cursor | null {
  if (text.length > MAX_CURSOR_LENGTH) return null;
  const [head = '', ...parts] = text.split('.');
  const [, channelSet, seal = null] = HEAD.exec(head) ?? [];
  if (channelSet === undefined || parts.length === 0) return null;
  const positions = new Map<string, CursorPosition | null>();
  for (const part of parts) {
    const decoded = decodePart(part);
    if (decoded === null) return null;
    // Older versions gave two logs the same tag: which position belongs to which is unknown.
    positions.set(decoded.tag, positions.has(decoded.tag) ? null : decoded.position);
  }
  return { channelSet, seal, positions };
}

/**
 * The position of a log in a cursor, or `null`. The cursor may have been made together with other logs, so any of the
 * log's tags may be in it. If it is the tag of another log, the position is in an epoch that this log never had.
 */
export function positionIn({ positions }: Cursor, log: string): CursorPosition | null {
  const tag = tagsOf(log).findLast((each) => positions.has(each));
  return tag === undefined ? null : (positions.get(tag) ?? null);
}
