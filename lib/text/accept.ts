/** A parameter of a media type, its value perhaps quoted. */
const PARAMETER = /;\s*([^\s;,="]*)\s*(?:=\s*(?:"(?:[^"\\]|\\.)*"|[^;,\s]*))?/g;

/**
 * An `Accept` header without the parameters of its media types, but with their weights. Nothing here is negotiated by
 * parameters, and negotiation would take `text/event-stream; charset=utf-8` for another type.
 */
export function withoutParameters(accept: string): string {
  return accept.replace(PARAMETER, (text, name: string) => (name.toLowerCase() === 'q' ? text : ''));
}
