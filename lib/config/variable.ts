import { z } from 'zod';
import { commaList } from '../text/comma-list.ts';

/** The types of variables that more than one concern has. */

export const integer = (min: number, max: number) => {
  const wanted = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number(wanted).int(wanted).min(min, wanted).max(max, wanted);
};
export const port = integer(0, 65_535);
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
export const list = z.string().transform(commaList);

export function isUrlOf(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol);
}

export const url = (protocols: readonly string[]) =>
  z.string().refine((text) => isUrlOf(text, protocols), {
    message: `must be a URL starting with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });
