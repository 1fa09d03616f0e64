import { type Problem, problem } from '../../lib/problem.ts';

/** The 400 that names parameters which fit their schema, but not the rest of the question. */
export function queryProblem(...errors: { parameter: string; detail: string }[]): Problem {
  const names = errors.map(({ parameter }) => parameter).join(', ');
  return problem('invalid-request', { detail: `Query: ${names}`, errors });
}
