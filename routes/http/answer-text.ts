import { z } from 'zod';
import { inSlices } from '../../lib/async/time-slice.ts';
import type { Steps } from '../../lib/steps.ts';
import { entityTag } from './conditional.ts';

/** A body as it is sent, and its entity tag. */
export interface AnswerText {
  text: string;
  tag: string;
}

/** Of an object: its members in order, as JSON. */
type Members = readonly { name: string; text: string }[];

/**
 * Parses a body by the schema of its endpoint and makes JSON of it: of lists, which may be long and in one another, item by
 * item in turns of the event loop.
 * @param untagged members that the entity tag does without
 * @throws ZodError for a body that does not fit
 */
export async function answerText(
  schema: z.ZodType,
  body: unknown,
  untagged: readonly string[] = [],
): Promise<AnswerText> {
  if (!(schema instanceof z.ZodObject)) {
    const parsed: unknown = schema.parse(body);
    const text = JSON.stringify(parsed);
    if (untagged.length === 0) return { text, tag: entityTag(text) };
    const without = Object.fromEntries(untagged.map((name) => [name, undefined]));
    return { text, tag: entityTag(JSON.stringify({ ...Object(parsed), ...without })) };
  }
  const members = await inSlices(memberTexts(schema, body, listsOf(schema, body)));
  const text = objectText(members);
  const tagged = members.filter(({ name }) => !untagged.includes(name));
  return { text, tag: entityTag(tagged.length === members.length ? text : objectText(tagged)) };
}

function objectText(members: Members): string {
  return `{${members.map(({ name, text }) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
}

function* memberTexts(schema: z.ZodObject, body: unknown, lists: ItemLists): Steps<Members> {
  const parsed = schema.parse({
    ...Object(body),
    ...Object.fromEntries([...lists.keys()].map((name) => [name, []])),
  });
  const members: { name: string; text: string }[] = [];
  for (const [name, value] of Object.entries(parsed)) {
    const list = lists.get(name);
    const text = list === undefined ? (JSON.stringify(value) as string | undefined) : yield* listText(list);
    if (text !== undefined) members.push({ name, text });
  }
  return members;
}

interface ItemList {
  item: z.core.$ZodType;
  items: readonly unknown[];
}

type ItemLists = ReadonlyMap<string, ItemList>;

/** Members that may be long: the items, and lists of objects. */
function listsOf(schema: z.ZodObject, body: unknown): ItemLists {
  const lists = new Map<string, ItemList>();
  if (typeof body !== 'object' || body === null) return lists;
  for (const [name, items] of Object.entries(body)) {
    if (!Array.isArray(items) || items.length === 0) continue;
    const member: unknown = schema.shape[name];
    if (member instanceof z.ZodArray && (name === 'items' || member.element instanceof z.ZodObject)) {
      lists.set(name, { item: member.element, items });
    }
  }
  return lists;
}

function* listText({ item, items }: ItemList): Steps<string> {
  const texts: string[] = [];
  for (const each of items) {
    texts.push(yield* itemText(item, each));
    yield;
  }
  return `[${texts.join(',')}]`;
}

/** In one piece unless there are lists within: most items are small, and there are many. */
function* itemText(item: z.core.$ZodType, value: unknown): Steps<string> {
  if (item instanceof z.ZodObject) {
    const lists = listsOf(item, value);
    if (lists.size > 0) return objectText(yield* memberTexts(item, value, lists));
  }
  return JSON.stringify(z.parse(item, value));
}
