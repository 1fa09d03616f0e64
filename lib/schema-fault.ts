import type { z } from 'zod';

const KINDS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

const FORMATS: Record<string, string> = {
  uuid: 'must be a UUID',
  email: 'must be an e-mail address',
  url: 'must be a URL',
  date: 'must be a date such as 2026-03-01',
  datetime: 'must be an ISO 8601 time with an offset',
};

function kindOf(expected: string): string {
  return KINDS[expected] ?? expected;
}

function counted(origin: string, count: number | bigint): string {
  const unit = { string: 'character', array: 'item', set: 'item' }[origin];
  return unit === undefined ? String(count) : `${count} ${unit}${Number(count) === 1 ? '' : 's'}`;
}

function limitFault(origin: string, bound: string, limit: number | bigint): string {
  const verb = ['string', 'array', 'set'].includes(origin) ? 'have' : 'be';
  return `must ${verb} ${bound} ${counted(origin, limit)}`;
}

/** The fault of a value that fits none of several schemas: that of the closest one. */
function unionFault(branches: readonly (readonly z.core.$ZodIssue[])[]): string | undefined {
  const kinds: string[] = [];
  for (const [issue] of branches) {
    if (issue === undefined) continue;
    if (issue.code !== 'invalid_type') {
      return issue.path.length === 0
        ? issue.message
        : `is not valid: \`${issue.path.join('/')}\` ${issue.message}`;
    }
    if (issue.path.length > 0) return `is not valid: \`${issue.path.join('/')}\` ${issue.message}`;
    kinds.push(kindOf(issue.expected));
  }
  return kinds.length === 0 ? undefined : `must be ${kinds.join(' or ')}`;
}

/**
 * What is wrong with a value, as a predicate of the field that has it: `must be at least 1`. For `safeParse`; a message
 * of the schema's own has priority.
 */
export function schemaFault(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined && issue.code !== 'custom') return 'is required';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kindOf(issue.expected)}`;
    case 'too_small':
      return limitFault(issue.origin, issue.inclusive === false ? 'greater than' : 'at least', issue.minimum);
    case 'too_big':
      return limitFault(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'has the wrong form';
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of: '}${issue.values.map(String).join(', ')}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_union':
      return unionFault(issue.errors);
    default:
      return undefined;
  }
}
