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

/** At the current state. */
export const ANEW: Origin = { position: null, channelSet: null, lost: null };

/** What an id says about one log. */
export function originIn(id: string | null, log: string): Origin {
  if (id === null || id === '') return ANEW;
  const cursor = decodeCursor(id);
  if (cursor === null) return { ...ANEW, lost: 'garbled' };
  const position = positionIn(cursor, log);
  return { position, channelSet: cursor.channelSet, lost: position === null ? 'foreign' : null };
}

/**
 * Where a log continues when the client changes its channels: a kept log from where it is, a new one from the id that
 * came with the change. That id need not cover the kept logs.
 */
export function originAfter(kept: Origin | undefined, id: string | null, log: string): Origin {
  if (kept !== undefined && (kept.position !== null || kept.lost !== null)) return kept;
  const asked = originIn(id, log);
  return kept !== undefined && asked.lost !== null ? ANEW : asked;
}

/**
 * Where a connection starts in a log.
 * @param options its id, and how far it had come in its logs if its client has changed its channels
 */
export function originOf(
  {
    lastEventId,
    before,
  }: {
    lastEventId: string | null;
    before?: { origins: ReadonlyMap<string, Origin>; lastEventId: string | null } | undefined;
  },
  log: string,
): Origin {
  return before === undefined
    ? originIn(lastEventId, log)
    : originAfter(before.origins.get(log), lastEventId ?? before.lastEventId, log);
}
