import diagnostics from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createLogger, type Logger } from '../../lib/logging/log.ts';
import { SecretWatch } from './secret-watch.ts';

/** Of this test process: all that its programs and their children log, and the secrets that its tests use. */
export const watch = new SecretWatch();

/** A log that is looked through for secrets, down to the least important line. @param also gets the lines too */
export function watchedLogger(also?: (line: string) => void): Logger {
  return createLogger('trace', {
    write(line) {
      watch.log(line);
      also?.(line);
    },
  });
}

/** Prints nothing. */
export const quiet = watchedLogger();

/** What the program prints for its user at the start, passwords included: that is no log. */
const PRINTED = /^(?:New administrator, shown only this once: | {2}(?:login|stream) {2})/;

/** @returns takes what a child prints, in whatever pieces */
export function watchOutput(): (piece: string) => void {
  let rest = '';
  return (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (!PRINTED.test(line)) watch.log(line);
  };
}

/** Learns what goes in and out of the servers of this process, raw sockets and browsers included. */
function watchServers(): void {
  diagnostics.subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: IncomingMessage };
    watch.learnHeaders(
      Object.entries(request.headers).flatMap(([name, value]) =>
        typeof value === 'string' ? [[name, value] as const] : [],
      ),
    );
    watch.learnUrl(request.url ?? '');
  });
  diagnostics.subscribe('http.server.response.finish', (message) => {
    const cookies = (message as { response: ServerResponse }).response.getHeader('set-cookie');
    if (Array.isArray(cookies)) watch.learnHeaders(cookies.map((cookie) => ['set-cookie', cookie] as const));
  });
}

/** Learns what the tests send and get, of programs in other processes too. */
function watchFetch(): void {
  const { fetch } = globalThis;
  globalThis.fetch = async (input, init) => {
    watch.learnUrl(String(input instanceof Request ? input.url : input));
    watch.learnHeaders(new Headers(init?.headers));
    if (typeof init?.body === 'string') watch.learnBody(init.body);
    const response = await fetch(input, init);
    watch.learnHeaders(response.headers);
    // A copy is read to its end: not of streams, nor of what is known to hold no secret.
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    if (isJson && init?.method === 'POST') watch.learnBody(await response.clone().text());
    return response;
  };
}

/** To be called once, before any test of this process. */
export function watchTraffic(): void {
  watchServers();
  watchFetch();
}
