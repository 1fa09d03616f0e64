import { createHash } from 'node:crypto';
import type { Position } from './broker.ts';

/**
 * The cursor is what a client sends back as `Last-Event-ID`: the position it has reached in every log it reads.
 *
 * Form: `<channel set tag>.<part>.<part>…`, a part being log tag (3), epoch (5) and offset (base 64, up to 7), with
 * `~n` when n views of the next event were already delivered; `~<seal>` may follow the channel set tag. Only `[A-Za-z0-9._~-]`, at most 128 characters: other
 * characters or a longer id would make browsers send a CORS preflight with every reconnect.
 */
export interface CursorPosition extends Position {
  /** Views of event `offset + 1` that were already delivered. */
  views: number;
}

export interface Cursor {
  channelSet: string;
  /** What proves that its reader was let in with a certain stream token; `null` where it was let in otherwise. */
  seal: string | null;
  /** By log tag. */
  positions: Map<string, CursorPosition>;
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-';
const DIGIT_VALUE = new Map(Array.from(DIGITS, (digit, value) => [digit, value] as const));
const PART = /^([A-Za-z0-9_-]{3})([A-Za-z0-9_-]{5})([A-Za-z0-9_-]{1,7})(?:~([1-9]))?$/;
const HEAD = /^([A-Za-z0-9_-]{4})(?:~([A-Za-z0-9_-]{8}))?$/;

export const MAX_CURSOR_LENGTH = 128;
/** What a client may send as one: it fits into a URL whatever is in it, and what is no id of ours is a `reset`. */
export const MAX_LAST_EVENT_ID = 512;

/** Three characters that stand for a log's name. */
export function logTag(log: string): string {
  return createHash('sha256').update(log).digest('base64url').slice(0, 3);
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

/** The first id, with the second's positions in the logs that the first says nothing of. Both must be ids of ours. */
export function mergeIds(first: string | null, second: string | null): string | null {
  if (first === null || second === null) return first ?? second;
  const parts = first.split('.');
  const tags = new Set(parts.slice(1).map((part) => part.slice(0, 3)));
  const others = second.split('.').slice(1);
  return [...parts, ...others.filter((part) => !tags.has(part.slice(0, 3)))].join('.');
}

/** @returns `null` for anything that is not a cursor of ours */
export function decodeCursor(text: string): Cursor | null {
  if (text.length > MAX_CURSOR_LENGTH) return null;
  const [head = '', ...parts] = text.split('.');
  const [, channelSet, seal = null] = HEAD.exec(head) ?? [];
  if (channelSet === undefined || parts.length === 0) return null;
  const positions = new Map<string, CursorPosition>();
  for (const part of parts) {
    const [, tag, epoch, offset, views] = PART.exec(part) ?? [];
    if (tag === undefined || epoch === undefined || offset === undefined || positions.has(tag)) return null;
    positions.set(tag, { epoch, offset: decodeOffset(offset), views: Number(views ?? 0) });
  }
  return { channelSet, seal, positions };
}
