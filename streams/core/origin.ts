import { type CursorPosition, decodeCursor, positionIn } from './cursor.ts';

/** Where a connection goes on from in one of its logs. */
export interface Origin {
  /** `null`: it begins with the current state. */
  position: CursorPosition | null;
  /** The channels that its client had when it reached the position. */
  channelSet: string | null;
  /** Why the id that the client has cannot be resumed by: this is told as a `reset`. */
  lost: 'garbled' | 'foreign' | null;
}

const ANEW: Origin = { position: null, channelSet: null, lost: null };

/** What an id says of a log. */
export function originIn(id: string | null, log: string): Origin {
  if (id === null || id === '') return ANEW;
  const cursor = decodeCursor(id);
  if (cursor === null) return { ...ANEW, lost: 'garbled' };
  const position = positionIn(cursor, log);
  return { position, channelSet: cursor.channelSet, lost: position === null ? 'foreign' : null };
}

/**
 * Where a log goes on when its client changes its channels: a log that stays, from where it is; a new one from the id
 * that came with the change. That id need not say anything of logs that stay.
 */
export function originAfter(kept: Origin | undefined, id: string | null, log: string): Origin {
  if (kept !== undefined && (kept.position !== null || kept.lost !== null)) return kept;
  const asked = originIn(id, log);
  return kept !== undefined && asked.lost !== null ? ANEW : asked;
}
