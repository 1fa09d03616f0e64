import { type Problem, problem } from '../../lib/problem.ts';

/** The 400 for parameters that fit their schema, but not the rest of the request. */
export function queryProblem(...errors: { parameter: string; detail: string }[]): Problem {
  const names = errors.map(({ parameter }) => parameter).join(', ');
  return problem('invalid-request', { detail: `Query: ${names}`, errors });
}
