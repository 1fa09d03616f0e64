import iconv from 'iconv-lite';
import { problem } from '../../problem.ts';
import { malformed } from './malformed.ts';
import { MAX_WORKBOOK, workbookText } from './workbook.ts';

export type TextEncoding = 'utf-8' | 'euc-kr' | 'utf-16le' | 'utf-16be';
/** The type of a file: text in some encoding, or an Excel workbook. */
export type FileEncoding = TextEncoding | 'xlsx';

/** The number of bytes to look at before choosing an encoding. */
const SAMPLE_BYTES = 65_536;

/** Korean systems write CP949 and call it EUC-KR: it is EUC-KR with additional syllables. */
const CODECS = { 'utf-8': 'utf8', 'euc-kr': 'cp949', 'utf-16le': 'utf16le', 'utf-16be': 'utf16be' } as const;

/** Names of encodings in a `charset` parameter. */
const CHARSETS: Record<string, TextEncoding> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'utf-8',
  'euc-kr': 'euc-kr',
  euckr: 'euc-kr',
  'ks_c_5601-1987': 'euc-kr',
  cp949: 'euc-kr',
  'windows-949': 'euc-kr',
  uhc: 'euc-kr',
  'utf-16le': 'utf-16le',
  'utf-16be': 'utf-16be',
};

/** @throws Problem 415 for an encoding that is not supported */
export function encodingOfCharset(charset: string): TextEncoding {
  const encoding = CHARSETS[charset.toLowerCase()];
  if (encoding !== undefined) return encoding;
  throw problem('unsupported-media-type', {
    detail: `The charset must be one of ${Object.keys(CHARSETS).join(', ')}.`,
  });
}

const starts = (sample: Buffer, ...bytes: number[]): boolean =>
  bytes.every((byte, index) => sample[index] === byte);

function isUtf8(sample: Buffer): boolean {
  try {
    // In stream mode, a character cut off by the end of the sample is not an error.
    new TextDecoder('utf-8', { fatal: true }).decode(sample, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** @throws Problem if the sample is not text */
function detect(sample: Buffer): FileEncoding {
  if (starts(sample, 0xef, 0xbb, 0xbf)) return 'utf-8';
  if (starts(sample, 0xff, 0xfe)) return 'utf-16le';
  if (starts(sample, 0xfe, 0xff)) return 'utf-16be';
  if (starts(sample, 0x50, 0x4b, 0x03, 0x04)) return 'xlsx';
  if (starts(sample, 0xd0, 0xcf, 0x11, 0xe0)) {
    throw malformed(
      1,
      'old-workbook',
      'This is an Excel workbook of the old form (.xls). Save it as .xlsx or CSV first.',
    );
  }
  if (sample.includes(0))
    throw malformed(
      1,
      'not-text',
      'There are zero bytes, so this is not text, or UTF-16 without a byte order mark.',
    );
  return isUtf8(sample) ? 'utf-8' : 'euc-kr';
}

/** What decoders emit for invalid bytes. */
const REPLACEMENT = '\uFFFD';

function lineBreaks(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

async function* textOf(
  first: Buffer,
  rest: AsyncIterator<Buffer>,
  encoding: TextEncoding,
): AsyncGenerator<string, void, undefined> {
  const decoder = iconv.getDecoder(CODECS[encoding]);
  let line = 1;
  const checked = (text: string): string => {
    const bad = text.indexOf(REPLACEMENT);
    if (bad !== -1) {
      const what = encoding === 'euc-kr' ? 'neither UTF-8 nor EUC-KR (CP949)' : encoding.toUpperCase();
      const wrong = `The text is ${encoding === 'euc-kr' ? '' : 'not valid '}${what}.`;
      throw malformed(line + lineBreaks(text, bad), 'wrong-encoding', wrong);
    }
    line += lineBreaks(text, text.length);
    return text;
  };
  try {
    for (let chunk: Buffer | null = first; chunk !== null;) {
      const text = checked(decoder.write(chunk));
      if (text !== '') yield text;
      const next = await rest.next();
      chunk = next.done === true ? null : next.value;
    }
    const last = checked(decoder.end() ?? '');
    if (last !== '') yield last;
  } finally {
    await rest.return?.();
  }
}

/**
 * Decodes a body to text without its byte order mark: UTF-8, EUC-KR (CP949), or UTF-16 with a byte order
 * mark.
 * @param charset as stated by the client; `null` to detect it from the bytes
 * @throws Problem if the body is not text; so does the returned text on invalid bytes. Either way the source
 *   is closed, as it is when the reader stops early.
 */
export async function decodeText(
  source: AsyncIterable<Buffer>,
  charset: TextEncoding | null,
): Promise<{ encoding: FileEncoding; text: AsyncGenerator<string, void, undefined> }> {
  const chunks = source[Symbol.asyncIterator]();
  const sample: Buffer[] = [];
  let size = 0;
  while (size < SAMPLE_BYTES) {
    const next = await chunks.next();
    if (next.done === true) break;
    sample.push(next.value);
    size += next.value.length;
  }
  const first = Buffer.concat(sample);
  let detected: FileEncoding;
  try {
    if (first.length === 0) throw malformed(1, 'empty-file', 'The body is empty.');
    detected = detect(first);
  } catch (error) {
    await chunks.return?.();
    throw error;
  }
  if (detected === 'xlsx') return { encoding: detected, text: workbookText(await wholeOf(first, chunks)) };
  // Clients say UTF-8 without checking; nobody says EUC-KR by accident.
  const encoding = charset === 'euc-kr' && detected === 'utf-8' ? charset : detected;
  return { encoding, text: textOf(first, chunks, encoding) };
}

/** The directory of a workbook is at its end, so all of it has to be in memory. */
async function wholeOf(first: Buffer, rest: AsyncIterator<Buffer>): Promise<Buffer> {
  const pieces = [first];
  let size = first.length;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
    size += next.value.length;
    if (size > MAX_WORKBOOK) {
      await rest.return?.();
      throw problem('payload-too-large', {
        detail: `An Excel workbook can have ${MAX_WORKBOOK / 2 ** 20} MiB. Save it as CSV.`,
      });
    }
    pieces.push(next.value);
  }
  return Buffer.concat(pieces);
}
