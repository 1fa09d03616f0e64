import type { LogEvent } from '../core/broker.ts';

/** What one publish sends to the subscribers. No events: only the epoch has changed. */
export interface Batch {
  epoch: string;
  /** Offset of the first event. */
  first: number;
  events: LogEvent[];
}

/** `epoch first at (keyLength dataLength)* LF (key data)*`, lengths in bytes. `null` if it is anything else. */
export function decodeBatch(message: Buffer): Batch | null {
  const end = message.indexOf(10);
  if (end === -1) return null;
  const [epoch, firstText, atText, ...lengths] = message.toString('latin1', 0, end).split(' ');
  const first = Number(firstText);
  const at = Number(atText);
  if (!epoch || !Number.isSafeInteger(first) || Number.isNaN(at) || lengths.length % 2 !== 0) return null;
  const events: LogEvent[] = [];
  let from = end + 1;
  for (let i = 0; i < lengths.length; i += 2) {
    const keyEnd = from + Number(lengths[i]);
    const dataEnd = keyEnd + Number(lengths[i + 1]);
    if (!(keyEnd >= from && dataEnd >= keyEnd && dataEnd <= message.length)) return null;
    const event = toEvent(
      first + events.length,
      at,
      message.toString('utf8', from, keyEnd),
      message.toString('utf8', keyEnd, dataEnd),
    );
    events.push(event);
    from = dataEnd;
  }
  return { epoch, first, events };
}

/** Stream entries as `XRANGE` replies them: `[id, [name, value, …]]` each. */
export function decodeEntries(reply: unknown): LogEvent[] {
  return list(reply).map((entry) => {
    const [id, fields] = list(entry);
    const [, at, , key, , data] = texts(fields);
    return toEvent(Number.parseInt(String(id), 10), Number(at), key ?? '', data ?? '');
  });
}

/** The state hash as `HGETALL` replies it, in the order of offsets. */
export function decodeState(values: unknown): LogEvent[] {
  const reply = texts(values);
  const entries: LogEvent[] = [];
  for (let i = 0; i < reply.length; i += 2) {
    const value = reply[i + 1] ?? '';
    const colon = value.indexOf(':');
    const second = value.indexOf(':', colon + 1);
    entries.push(
      toEvent(
        Number(value.slice(0, colon)),
        Number(value.slice(colon + 1, second)),
        reply[i] ?? '',
        value.slice(second + 1),
      ),
    );
  }
  return entries.sort((a, b) => a.offset - b.offset);
}

/** What a reply holds, without trusting its shape. */
export function list(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : [];
}

export function texts(reply: unknown): string[] {
  return list(reply).map(String);
}

function toEvent(offset: number, at: number, key: string, data: string): LogEvent {
  return key === '' ? { offset, at, data } : { offset, at, key, data };
}
