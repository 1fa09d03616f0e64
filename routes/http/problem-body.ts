import { z } from 'zod';
import { PROBLEMS } from '../../lib/problem.ts';

/** `lib/problem.ts` says what there is; this is how it looks. */
export const problemSchema = z
  .object({
    type: z.enum(Object.keys(PROBLEMS).map((slug) => `/problems/${slug}`)),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    errors: z
      .array(
        z.object({
          pointer: z.string().optional().meta({ description: 'JSON pointer into the body.' }),
          parameter: z.string().optional().meta({ description: 'Name of a query parameter.' }),
          line: z.int().optional().meta({ description: 'Of a CSV body, from 1.' }),
          column: z.string().optional().meta({ description: 'The heading of a column of a CSV body.' }),
          detail: z.string(),
        }),
      )
      .optional()
      .meta({ description: 'Each field that is wrong: at most 20, or 100 rows of a CSV body.' }),
    requestId: z.string().meta({ description: 'The `X-Request-Id` of the response; also in the log.' }),
  })
  .meta({ id: 'Problem', description: 'A problem of RFC 9457; `type` is stable, the texts may change.' });
