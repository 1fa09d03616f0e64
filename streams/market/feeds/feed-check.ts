import { open } from 'node:fs/promises';
import { StartError } from '../../../lib/start-error.ts';
import { type LoadCcxt, loadExchange, requireChannel } from './ccxt-exchange.ts';
import type { FeedSpec } from './feed-spec.ts';

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

async function checkFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'r');
    try {
      // A folder can be opened, but not read.
      await file.read(Buffer.alloc(1), 0, 1, null);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new RangeError(`the file ${JSON.stringify(path)} ${reasonOf(error)}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
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
