import { type Problem, problem } from '../../lib/problem.ts';

/** The 400 for parameters that fit their schema, but not the rest of the request. */
export function queryProblem(...errors: { parameter: string; detail: string }[]): Problem {
  return problem('invalid-request', { errors });
}
