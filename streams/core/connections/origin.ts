import { type CursorPosition, decodeCursor, positionIn } from '../cursor.ts';

/** Where a connection starts in one of its logs. */
export interface Origin {
  /** `null`: at the current state. */
  position: CursorPosition | null;
  /** Tag of the channels that the client had at that position. */
  channelSet: string | null;
  /** Why the client's id cannot be resumed from: the reason of the `reset`. */
  lost: 'garbled' | 'foreign' | null;
}

/** The id of a connection, and how far it had come in its logs if its client has changed its channels. */
interface Beginning {
  lastEventId: string | null;
  before?: { origins: ReadonlyMap<string, Origin>; lastEventId: string | null } | undefined;
}

/** At the current state. */
export const ANEW: Origin = { position: null, channelSet: null, lost: null };

/** What an id says about one log. */
function originIn(id: string | null, log: string): Origin {
  if (id === null || id === '') return ANEW;
  const cursor = decodeCursor(id);
  if (cursor === null) return { ...ANEW, lost: 'garbled' };
  const position = positionIn(cursor, log);
  return { position, channelSet: cursor.channelSet, lost: position === null ? 'foreign' : null };
}

/**
 * Where a connection starts in a log. If its client has changed its channels (`before`), a kept log continues where it
 * is, and a new one starts from the id that came with the change. That id need not cover the kept logs.
 */
export function originOf({ lastEventId, before }: Beginning, log: string): Origin {
  if (before === undefined) return originIn(lastEventId, log);
  const kept = before.origins.get(log);
  if (kept !== undefined && (kept.position !== null || kept.lost !== null)) return kept;
  const asked = originIn(lastEventId ?? before.lastEventId, log);
  return kept !== undefined && asked.lost !== null ? ANEW : asked;
}
