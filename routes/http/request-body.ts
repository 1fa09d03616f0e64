import type { IncomingMessage } from 'node:http';

/** Whether a body follows the headers of a request (RFC 9112, section 6.3). */
export function announcesBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = headers;
  return encoding !== undefined || !/^0+$/.test(length);
}

/** Reads the rest of a body and drops it, so that it does not block the next request on the connection. */
export function discardBody(req: IncomingMessage): void {
  // A reader that gave up may have left listeners; a `readable` listener would stop the flow.
  req.removeAllListeners('data');
  req.removeAllListeners('readable');
  req.resume();
}
