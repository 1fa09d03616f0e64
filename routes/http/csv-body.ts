import { setImmediate } from 'node:timers/promises';
import type { Context } from 'koa';
import { allowUploadTime } from './body-timeout.ts';
import { DeadlineError, withDeadline } from '../../lib/async/deadline.ts';
import type { Clock } from '../../lib/clock.ts';
import { askForBody } from './expect-continue.ts';
import { encodingOfCharset, type TextEncoding } from '../../lib/import/reading/text-encoding.ts';
import { Problem, problem } from '../../lib/problem.ts';
import { refuseEncoding } from './content-encoding.ts';

/** The media types that browsers and tools send for CSV; the last one is what Windows says if Excel is installed. */
export const CSV_MEDIA_TYPES = [
  'text/csv',
  'text/tab-separated-values',
  'text/plain',
  'application/csv',
  'application/vnd.ms-excel',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
] as const;

/** A sender that pauses for longer is gone, or is holding the connection on purpose. */
export const UPLOAD_PAUSE_MS = 30_000;

export interface CsvBody {
  /** The encoding that the sender names; `null` when they do not. */
  charset: TextEncoding | null;
  /** Size of the whole body as announced; `null` if it is sent in chunks. */
  bytes: number | null;
  /** @throws Problem 413, 408 for a sender that pauses, 400 for a body that breaks off */
  chunks: AsyncGenerator<Buffer, void, undefined>;
}

/** Whether the media type of a body is one of CSV. */
export function isCsv(ctx: Context): boolean {
  const type = ctx.request.type.toLowerCase();
  return CSV_MEDIA_TYPES.some((each) => each === type);
}

/**
 * A CSV body, to be read as it arrives.
 * @throws Problem 413 or 415
 */
export function csvBody(ctx: Context, limitBytes: number, clock: Clock): CsvBody {
  if (!isCsv(ctx)) {
    throw problem('unsupported-media-type', {
      detail: `The media type of the body must be one of ${CSV_MEDIA_TYPES.join(', ')}.`,
    });
  }
  refuseEncoding(ctx);
  allowUploadTime(ctx.req);
  const charset = ctx.request.charset === '' ? null : encodingOfCharset(ctx.request.charset);
  const bytes = ctx.get('Content-Length') === '' ? null : Number(ctx.get('Content-Length'));
  if (bytes !== null && bytes > limitBytes) throw tooLarge(limitBytes);
  return { charset, bytes, chunks: chunksOf(ctx, limitBytes, clock) };
}

function tooLarge(limitBytes: number): Error {
  const limit = String(limitBytes / 2 ** 20);
  const detail = `The limit is ${limit} MiB. Split the file.`;
  return problem('payload-too-large', {
    detail,
    errors: [{ detail, code: 'too-many-bytes', params: { limit } }],
  });
}

async function* chunksOf(
  ctx: Context,
  limitBytes: number,
  clock: Clock,
): AsyncGenerator<Buffer, void, undefined> {
  const { req } = ctx;
  // Not destroyed when reading ends early: the connection still has to carry the answer.
  const chunks = req.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  let size = 0;
  askForBody(req);
  try {
    for (;;) {
      const { done, value: chunk } = await nextPart(chunks.next(), clock);
      if (done === true) return;
      size += chunk.length;
      if (size > limitBytes) throw tooLarge(limitBytes);
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    if (cause instanceof DeadlineError) throw paused(cause);
    throw problem('malformed-csv', { detail: 'The body did not arrive completely. Send it again.', cause });
  } finally {
    // Behind a chunk that is still waited for, it comes to its end with the connection.
    void chunks.return?.().catch(() => undefined);
  }
}

/** @throws DeadlineError */
async function nextPart<T>(part: Promise<T>, clock: Clock): Promise<T> {
  try {
    return await withDeadline(part, { clock, ms: UPLOAD_PAUSE_MS, what: 'the next part of the file' });
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    // If the process was held or stopped, the part has arrived, and is read when the timers have run.
    return await Promise.race([
      part,
      setImmediate().then(() => {
        throw error;
      }),
    ]);
  }
}

function paused(cause: DeadlineError): Problem {
  const detail = `No data arrived for ${UPLOAD_PAUSE_MS / 1_000} seconds. Send the file again.`;
  return problem('request-timeout', { detail, cause });
}
