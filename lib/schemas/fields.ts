import { z } from 'zod';
import { epochMilliseconds, GENESIS } from '../epoch.ts';
import { fixed, type Fixed } from '../money/money.ts';
import { commaList } from '../text/comma-list.ts';
import { ASSET_PATTERN, assetFault, isAsset, isSymbol, SYMBOL_PATTERN, symbolFault } from '../symbol.ts';

/** The fields that requests and responses are made of: parsed at the edge, trusted inside. */

const DECIMAL = /^-?\d{1,20}(\.\d{1,18})?$/;
const DECIMAL_RULE =
  'must be a plain decimal string with at most 20 digits before the point and 18 behind it';

/** A decimal on output. */
export const decimal = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .meta({ example: '1250.5' });

/** `null`: not known; a warning says why. Describe it where it is used. */
export const decimalOrNull = z.union([decimal, z.null()]);

function amount(accepts: (value: Fixed) => boolean, rule: string) {
  return z
    .string(DECIMAL_RULE)
    .regex(DECIMAL, DECIMAL_RULE)
    .transform((text) => fixed(text))
    .refine(accepts, rule)
    .meta({
      type: 'string',
      pattern: DECIMAL.source,
      example: '0.25',
      description: 'A plain decimal string; numbers would lose digits.',
    });
}

export const positiveAmount = amount((value) => value > 0n, 'must be greater than zero');
/** A positive decimal that stays text: for what is only passed on. */
export const positiveText = z
  .string(DECIMAL_RULE)
  .regex(DECIMAL, { error: DECIMAL_RULE, abort: true })
  .refine((text) => fixed(text) > 0n, 'must be greater than zero')
  .meta({ example: '0.25' });
export const nonNegativeAmount = amount((value) => value >= 0n, 'must not be negative');

const EARLIEST = Date.UTC(1970, 0, 1);
/** Enough for any clock that is off, and short enough to detect a typing error. */
const FUTURE_MS = 24 * 3_600_000;
/** Later years have more digits than ISO 8601 and the database allow. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const TIME_RULE =
  'must be an ISO 8601 time with an offset, or an epoch time between 2009 and 9999 in seconds or milliseconds';

export const INSTANT_FORM =
  'ISO 8601 with any offset, or an epoch time in seconds or milliseconds, whichever lies between 2009 and 9999.';

/** A point in time as epoch milliseconds. */
export const instant = z
  .union([z.iso.datetime({ offset: true, error: TIME_RULE }), z.number(TIME_RULE).int(TIME_RULE)], TIME_RULE)
  .transform((value) => (typeof value === 'number' ? (epochMilliseconds(value) ?? NaN) : Date.parse(value)))
  .refine((time) => Number.isFinite(time) && time >= EARLIEST, { error: TIME_RULE, abort: true })
  .refine((time) => time <= LATEST, 'must not be after the year 9999')
  .meta({
    type: ['string', 'integer'],
    format: 'date-time',
    description: INSTANT_FORM,
    example: '2026-03-02T09:00:00.000Z',
  });

/** As `instant`, in a query string. Digits that are no plausible epoch time are milliseconds: `0` is the beginning. */
export const queryInstant = z
  .string()
  .transform((text) => {
    if (!/^\d{1,16}$/.test(text) || Number(text) > LATEST) return text;
    return epochMilliseconds(Number(text)) ?? new Date(Number(text)).toISOString();
  })
  .pipe(instant)
  .meta({
    type: 'string',
    format: 'date-time',
    description: INSTANT_FORM,
    example: '2026-03-02T09:00:00.000Z',
  });

/** @returns whether an event at `time` can have happened */
export function isInFuture(time: number, now: number): boolean {
  return time > now + FUTURE_MS;
}

/** Lets a sender book what is older than any coin. */
export const allowBefore2009 = z.boolean().optional().meta({
  description: '`true`: accept a `time` before 2009, which is refused otherwise.',
});

/** @returns whether a time is older than any coin, and its sender has not said that it is meant */
export function isTooEarly({
  time,
  allowBefore2009: isMeant,
}: {
  time: number;
  allowBefore2009?: boolean | undefined;
}): boolean {
  return time < GENESIS && isMeant !== true;
}

export const TOO_EARLY = 'is before 2009: set `allowBefore2009` if that is meant';

/** A time on output. */
export const timestamp = z.iso.datetime({ precision: 3 }).meta({ example: '2026-03-02T09:00:00.000Z' });

export const email = z.email().max(254).meta({
  example: 'trader@example.com',
  description: 'E-mail address to log in with, unique whatever its case.',
});

/** Describe it where it is used: whose id it is. */
export const id = z.uuid().meta({ example: '0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80' });

export const portfolioId = id.describe('Id of the portfolio.');
export const userId = id.describe('Id of the user.');
export const createdAt = timestamp.describe('When it was created.');
export const updatedAt = timestamp.describe(
  'When it was last changed; equal to `createdAt` if it never was.',
);

function faultOf(fault: (text: string) => string | null) {
  return ({ input }: { input?: unknown }): string =>
    (typeof input === 'string' ? fault(input) : null) ?? 'must be a code that an exchange lists';
}

export const asset = z
  .string()
  .normalize('NFKC')
  .regex(ASSET_PATTERN, { error: faultOf(assetFault), abort: true })
  .refine(isAsset, { error: faultOf(assetFault) })
  .meta({ example: 'BTC' });

export const symbol = z
  .string()
  .normalize('NFKC')
  .regex(SYMBOL_PATTERN, { error: faultOf(symbolFault), abort: true })
  .refine(isSymbol, { error: faultOf(symbolFault) })
  .meta({ example: 'BTC/KRW' });

/** A full list of ordinary names fits into a URL; half a list of the longest ones does not. */
const MAX_SYMBOLS = 500;
export const SYMBOLS_RULE = `Comma-separated; at most ${MAX_SYMBOLS}, and no more than a URL of 8,000 bytes holds.`;

/** A comma-separated list of symbols in a query string. */
export const symbolList = z
  .string()
  .transform(commaList)
  .pipe(z.array(symbol).min(1).max(MAX_SYMBOLS))
  .meta({ type: 'string', example: 'BTC/KRW,ETH/KRW' });

/**
 * Text without control characters, which would be line breaks in a CSV or a log, and without halves of a surrogate
 * pair, which no database can store.
 */
export function text(max: number) {
  return (
    z
      .string()
      .min(1)
      .max(max)
      // Not as patterns: they need the flag `u`, which a JSON Schema cannot give.
      .refine((value) => /^\P{Control}*$/u.test(value), 'must not contain control characters')
      .refine((value) => /^\P{Surrogate}*$/u.test(value), 'must be well-formed Unicode')
      .refine((value) => isShort(value, max), LIGATURES)
  );
}

const ASCII = /^[ -~]*$/;
const LIGATURES = 'is too long when its ligatures are spelled out (NFKC)';

/** Searches expand ligatures, some to 18 letters: that may double a text, and no more. */
function isShort(value: string, max: number): boolean {
  if (value.length > max || ASCII.test(value)) return true;
  return value.normalize('NFKC').length <= 2 * max;
}

/** As `text`, with line breaks. */
export function prose(max: number) {
  return z
    .string()
    .min(1)
    .max(max)
    .refine(
      (value) => /^[\P{Control}\t\n\r]*$/u.test(value),
      'must not contain control characters other than tabs and line breaks',
    )
    .refine((value) => /^\P{Surrogate}*$/u.test(value), 'must be well-formed Unicode')
    .refine((value) => isShort(value, max), LIGATURES);
}

const LIMIT = 'The most items in one answer.';
export const limit = z.coerce.number().int().min(1).max(1000).default(100).describe(LIMIT);

/** For lists that are usually short: everything fits on one page. */
export const wholeLimit = z.coerce.number().int().min(1).max(1000).default(1000).describe(LIMIT);

export const CURSOR =
  'The `nextCursor` of the previous page, with the rest of the query unchanged; the first page if omitted.';
/** The `cursor` parameter of a list. */
export const cursor = z.string().max(500).optional().describe(CURSOR);

export const nextCursor = z
  .union([z.string(), z.null()])
  .describe('Pass it as `cursor` to get the next page; `null` on the last page.');

/** Times on output are ISO 8601 UTC with milliseconds. */
export function isoTime(time: number): string {
  return new Date(time).toISOString();
}

/** The envelope of every list. Give it a name (`.meta({ id })`) once it is complete. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item).describe('The items of this page, in order.'), nextCursor });
}

/** The name of an exchange or another source. Case does not tell two apart: `Upbit` and `UPBIT` are `upbit`. */
export const exchange = text(50)
  .transform((name) => name.normalize('NFC').trim().toLowerCase())
  .meta({ type: 'string', example: 'upbit' });
