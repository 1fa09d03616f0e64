import type { Context } from 'koa';
import { allowUploadTime } from './body-timeout.ts';
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

/** A sender that pauses longer than this is gone, or wants to hold the connection. */
const STALL_MS = 30_000;

export interface CsvBody {
  /** The encoding that the sender names; `null` when they do not. */
  charset: TextEncoding | null;
  /** Of the whole body as announced; `null` when it is sent in chunks. */
  bytes: number | null;
  /** @throws Problem 413, 400 for a body that breaks off or stalls */
  chunks: AsyncGenerator<Buffer, void, undefined>;
}

/**
 * A CSV body, to be read as it arrives.
 * @throws Problem 413 or 415
 */
export function csvBody(ctx: Context, limitBytes: number, clock: Clock): CsvBody {
  const type = ctx.request.type.toLowerCase();
  if (!CSV_MEDIA_TYPES.some((each) => each === type)) {
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
  return problem('payload-too-large', {
    detail: `The limit is ${limitBytes / 2 ** 20} MiB. Split the file.`,
  });
}

async function* chunksOf(
  ctx: Context,
  limitBytes: number,
  clock: Clock,
): AsyncGenerator<Buffer, void, undefined> {
  const { req } = ctx;
  let size = 0;
  let cancel = (): void => undefined;
  const wait = (): void => {
    cancel();
    cancel = clock.after(STALL_MS, () => req.destroy());
  };
  wait();
  askForBody(req);
  try {
    // Not destroyed when reading ends early: the connection still has to carry the answer.
    for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      cancel();
      size += chunk.length;
      if (size > limitBytes) throw tooLarge(limitBytes);
      yield chunk;
      wait();
    }
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw problem('malformed-csv', { detail: 'The body did not arrive completely. Send it again.', cause });
  } finally {
    cancel();
  }
}
