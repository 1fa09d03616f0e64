import { connect } from 'node:net';

export interface BareAnswer {
  /** 0 when the server hung up without a word. */
  status: number;
  head: string;
  body: string;
}

/** No answer in this time is a hang, however busy the machine is. */
const HANG_MS = 60_000;

/**
 * Sends a request as it is, in Latin-1, and reads its answer: all of it, or up to the head of one that has no end (a
 * stream, a WebSocket).
 */
export function bareExchange(url: string, request: string): Promise<BareAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let text = '';
    socket.setEncoding('latin1');
    socket.setTimeout(HANG_MS, () => {
      socket.destroy();
      reject(new Error(`no answer to ${JSON.stringify(request.slice(0, 2_000))}`));
    });
    socket.once('connect', () => socket.write(request, 'latin1'));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (isWhole(text, request.startsWith('HEAD '))) socket.destroy();
    });
    // A server may hang up on such a client while it sends.
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(answerOf(text)));
  });
}

/** Whether all of the answer has come that will: of one without an end, its head. */
function isWhole(text: string, isHead: boolean): boolean {
  const { status, head, body } = answerOf(text);
  if (!text.includes('\r\n\r\n') || status === 100) return false;
  if (isHead || status === 101 || status === 204 || status === 304) return true;
  if (/\r\ncontent-type: (?:text\/event-stream|application\/x-ndjson)/i.test(head)) return true;
  if (/\r\ntransfer-encoding: chunked/i.test(head)) return body.endsWith('0\r\n\r\n');
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  return length !== undefined && body.length >= Number(length);
}

function answerOf(text: string): BareAnswer {
  const end = text.indexOf('\r\n\r\n');
  const head = end === -1 ? text : text.slice(0, end);
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? 0);
  // After its interim answer comes the answer.
  if (status === 100 && end !== -1) return answerOf(text.slice(end + 4));
  return { status, head, body: end === -1 ? '' : text.slice(end + 4) };
}
