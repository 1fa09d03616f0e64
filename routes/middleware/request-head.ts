import type { IncomingMessage } from 'node:http';
import type { Middleware } from 'koa';
import { problem } from '../../lib/problem.ts';

/**
 * Headers that say one thing. Of some that are repeated Node.js keeps the first, of others it makes one text, while a proxy
 * may have read the last.
 */
const SINGLE = new Set(['host', 'authorization', 'content-type', 'last-event-id']);

/** RFC 3986: an IP literal or a registered name, which may be empty, and a port. */
const HOST = /^(?:\[[^\]\s]+\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*)(?::\d*)?$/i;

/** What is wrong with the head of a request; `null` if nothing is. */
function faultOf({ httpVersion, headers, rawHeaders }: IncomingMessage): string | null {
  // As RFC 9112, section 3.2, asks.
  if (headers.host === undefined) {
    if (httpVersion === '1.1') return 'The request must have a Host header.';
  } else if (!HOST.test(headers.host)) {
    return 'The Host header must be a name or an address, and a port if it is not the usual one.';
  }
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (!SINGLE.has(name)) continue;
    if (seen.has(name)) return `The request must have only one ${rawHeaders[index]} header.`;
    seen.add(name);
  }
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') {
    return 'The transfer coding of the body must be `chunked`, and nothing else.';
  }
  return null;
}

/** Refuses requests whose head can be read in more than one way. Nothing after them on the connection is trusted. */
export function refuseAmbiguousHeads(): Middleware {
  return function refuseAmbiguousHead({ req }, next) {
    const detail = faultOf(req);
    if (detail !== null) throw problem('invalid-request', { detail, headers: { Connection: 'close' } });
    return next();
  };
}
