import { SaxesParser } from 'saxes';
import yauzl from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { malformed } from './malformed.ts';

/** The maximum number of parts of a workbook. */
const MAX_PARTS = 1_000;
/**
 * The maximum number of characters in a tag or between two tags, all of which the parser buffers.
 * Spreadsheets allow 32,767 in a cell.
 */
const MAX_RUN = 2 ** 20;

/** A file in the zip of a workbook. */
export interface Part {
  entry: Entry;
  zip: ZipFile;
}

export function refused(detail: string): Error {
  return malformed(1, 'workbook', `The Excel workbook ${detail}.`);
}

export async function openZip(bytes: Buffer): Promise<ZipFile> {
  return await new Promise((resolve, reject) => {
    yauzl.fromBuffer(bytes, { lazyEntries: true, validateEntrySizes: true }, (error, zip) => {
      if (error === null) resolve(zip);
      else reject(refused('cannot be opened'));
    });
  });
}

export async function partsOf(zip: ZipFile): Promise<Map<string, Part>> {
  if (zip.entryCount > MAX_PARTS) throw refused(`has more than ${MAX_PARTS} parts`);
  return await new Promise((resolve, reject) => {
    const parts = new Map<string, Part>();
    zip.on('entry', (entry: Entry) => {
      parts.set(entry.fileName, { entry, zip });
      zip.readEntry();
    });
    zip.on('end', () => resolve(parts));
    zip.on('error', () => reject(refused('is damaged')));
    zip.readEntry();
  });
}

/**
 * The text of a part, piece by piece.
 * @throws Problem if it unpacks to more than `limit`
 */
async function* textOf({ entry, zip }: Part, limit: number): AsyncGenerator<string, void, undefined> {
  if (entry.uncompressedSize > limit) throw refused(`unpacks to more than ${limit / 2 ** 20} MiB`);
  const stream = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    zip.openReadStream(entry, (error, opened) => {
      if (error === null) resolve(opened);
      else reject(refused('is damaged'));
    });
  });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of stream) {
      yield decoder.decode(typeof chunk === 'string' ? Buffer.from(chunk) : chunk, { stream: true });
    }
  } catch {
    throw refused('is damaged');
  }
}

/** Feeds a part to a parser and yields what it has found after each piece. */
export async function* parsed<T>(
  part: Part,
  limit: number,
  listen: (parser: SaxesParser, found: (item: T) => void) => void,
): AsyncGenerator<T, void, undefined> {
  const parser = new SaxesParser();
  let items: T[] = [];
  let failed = false;
  let run = 0;
  parser.on('error', () => {
    failed = true;
  });
  listen(parser, (item) => items.push(item));
  for await (const text of textOf(part, limit)) {
    // Only a tag ends the text or tag that has begun.
    run = /[<>]/.test(text) ? text.length : run + text.length;
    if (run > MAX_RUN) throw refused(`has a cell of more than ${MAX_RUN} characters`);
    parser.write(text);
    if (failed) throw refused('is damaged');
    yield* items;
    items = [];
  }
  parser.close();
  if (failed) throw refused('is damaged');
  yield* items;
}
