import { parentPort } from 'node:worker_threads';
import { sendNews, serveRequests } from '../../lib/process/worker-thread.ts';

/** What the thread is to do with a request. */
export type Order =
  | { answer: string; afterNext?: true }
  | { news: string }
  | { fail: string }
  | { crash: string }
  | { exit: true }
  | { silence: true };

/** Answers that wait for the request after theirs. */
const held: (() => void)[] = [];

async function obey(order: Order): Promise<string> {
  for (const release of held.splice(0)) setImmediate(release);
  if ('answer' in order) {
    if (order.afterNext === true) await new Promise<void>((resolve) => held.push(resolve));
    return order.answer;
  }
  if ('news' in order) sendNews(order.news);
  if ('fail' in order) throw new TypeError(order.fail);
  if ('silence' in order) return new Promise(() => undefined);
  if ('exit' in order) {
    parentPort?.close();
    return new Promise(() => undefined);
  }
  if ('crash' in order) {
    setImmediate(() => {
      throw new Error(order.crash);
    });
    return new Promise(() => undefined);
  }
  return '';
}

serveRequests(obey);
