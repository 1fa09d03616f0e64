import { z } from 'zod';
import { AccountError } from '../../../lib/exchanges/account-failure.ts';
import { plain } from '../../../lib/text/plain-number.ts';
import type { CcxtClient } from './ccxt-client.ts';

/** An amount as plain decimal text. */
export const number = z
  .union([z.string(), z.number()])
  .transform((value) => plain(String(value)))
  .refine((text) => /^-?\d{1,20}(\.\d{1,18})?$/.test(text), 'is no number');

/** Converts text that states its zone to epoch milliseconds. */
export const time = z.string().transform((text, ctx) => {
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return at;
  ctx.addIssue({ code: 'custom', message: 'is no time' });
  return z.NEVER;
});

/** Epoch milliseconds as an integer, or as text. */
export const millis = z.coerce.number().int().min(1_000_000_000_000).max(99_999_999_999_999);

/** An id, which may be a number. No digits are lost: numbers are quoted before they are parsed. */
export const id = z.union([z.string().min(1), z.number().transform(String)]);

/** Sends a request to an exchange and parses the response by a schema. */
export type Ask = <T extends z.ZodType>(
  schema: T,
  method: string,
  params?: Record<string, string | number>,
) => Promise<z.output<T>>;

/** @param rights the permission that each method needs, for a person: reported if the key lacks it */
export function asker(client: Pick<CcxtClient, 'call'>, rights: Readonly<Record<string, string>> = {}): Ask {
  return async (schema, method, params) => {
    const parsed = schema.safeParse(await permitted(rights[method], () => client.call(method, params)));
    if (parsed.success) return parsed.data;
    const path = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new AccountError({ code: 'unreadable-answer', reason: `${method}.${path}`.slice(0, 60) });
  };
}

async function permitted<T>(permission: string | undefined, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof AccountError) || error.failure.code !== 'permission-missing') throw error;
    throw new AccountError({ ...error.failure, permission });
  }
}
