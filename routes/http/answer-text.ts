import { z } from 'zod';
import { TimeSlice } from '../../lib/async/time-slice.ts';
import { entityTag } from './conditional.ts';

/** A body as it is sent, and its entity tag. */
export interface AnswerText {
  text: string;
  tag: string;
}

interface List extends Record<string, unknown> {
  items: unknown[];
}

function isList(body: unknown): body is List {
  return typeof body === 'object' && body !== null && 'items' in body && Array.isArray(body.items);
}

/** The schema of the items of a list. */
function itemOf(schema: z.ZodType): z.core.$ZodType | null {
  const items: unknown = schema instanceof z.ZodObject ? schema.shape['items'] : null;
  return items instanceof z.ZodArray ? items.element : null;
}

/**
 * Parses a body by the schema of its endpoint and makes JSON of it. Of a list, which may be long, item by item in turns of
 * the event loop.
 * @param untagged members that the entity tag does without
 * @throws ZodError for a body that does not fit
 */
export async function answerText(
  schema: z.ZodType,
  body: unknown,
  untagged: readonly string[] = [],
): Promise<AnswerText> {
  const item = itemOf(schema);
  const isInPieces = item !== null && isList(body);
  const items = isInPieces ? await itemTexts(item, body.items) : null;
  const parsed = schema.parse(isInPieces ? { ...body, items: [] } : body);
  if (items === null && untagged.length === 0) {
    const text = JSON.stringify(parsed);
    return { text, tag: entityTag(text) };
  }
  const members = Object.entries(Object(parsed) as Record<string, unknown>).flatMap(([name, value]) => {
    const text = name === 'items' && items !== null ? `[${items.join(',')}]` : JSON.stringify(value);
    return text === undefined ? [] : [{ name, text: `${JSON.stringify(name)}:${text}` }];
  });
  const textOf = (some: typeof members): string => `{${some.map(({ text }) => text).join(',')}}`;
  const text = textOf(members);
  const tagged = members.filter(({ name }) => !untagged.includes(name));
  return { text, tag: entityTag(tagged.length === members.length ? text : textOf(tagged)) };
}

async function itemTexts(schema: z.core.$ZodType, items: readonly unknown[]): Promise<string[]> {
  const slice = new TimeSlice();
  const texts: string[] = [];
  for (const item of items) {
    texts.push(JSON.stringify(z.parse(schema, item)));
    if (slice.isOver) await slice.next();
  }
  return texts;
}
