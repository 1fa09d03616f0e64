import { open } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { StartError } from '../../../lib/start-error.ts';
import { type LoadCcxt, loadExchange, requireChannel } from './ccxt-exchange.ts';
import type { FeedSpec } from './feed-types.ts';
import { checkedHeader } from './replay-feed.ts';

/**
 * Checks what can be known of a feed without a network, so that a mistake ends the start instead of being retried
 * for ever.
 * @throws StartError
 */
export async function checkFeed(spec: FeedSpec, load?: LoadCcxt): Promise<void> {
  try {
    if (spec.kind === 'replay') await checkFile(spec.path);
    if (spec.kind === 'ccxt') {
      const Class = await loadExchange(spec.exchange, load);
      requireChannel(spec.exchange, new Class({}), spec.channel);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StartError(`MARKET_FEED cannot be used: ${error.message}.`, { cause: error });
  }
}

/** Bytes of a file that must hold its header. */
const HEAD = 65_536;

async function checkFile(path: string): Promise<void> {
  try {
    checkedHeader(headerOf(await beginningOf(path)));
  } catch (error) {
    throw new RangeError(`the file ${JSON.stringify(path)} ${reasonOf(error)}`, { cause: error });
  }
}

async function beginningOf(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    // A folder can be opened, but not read.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, null);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The first line, as the replay reads it. */
function headerOf(text: string): string[] {
  const rows: string[][] = parse(text, {
    bom: true,
    quote: null,
    relax_column_count: true,
    skip_empty_lines: true,
    to: 1,
  });
  return rows[0] ?? [];
}

function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return `is not a recording of trades: ${error.message}`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  switch (code) {
    case 'ENOENT':
      return 'does not exist';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by this user';
    case 'EISDIR':
      return 'is a folder, not a CSV file';
    default:
      return `cannot be read (${code})`;
  }
}
