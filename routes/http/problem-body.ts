import { z } from 'zod';
import { PROBLEMS } from '../../lib/problem.ts';

/** The body of the problems in `lib/problem.ts`. */
export const problemSchema = z
  .object({
    type: z
      .enum(Object.keys(PROBLEMS).map((slug) => `/problems/${slug}`))
      .describe('What kind of problem it is; stable, for programs. `GET` it for an explanation.'),
    title: z.string().describe('What this kind of problem means.'),
    status: z.int().describe('The HTTP status.'),
    detail: z.string().optional().describe('What is wrong with this request and what to do about it.'),
    errors: z
      .array(
        z
          .object({
            pointer: z.string().optional().describe('JSON pointer to the field in the body.'),
            parameter: z.string().optional().describe('Name of the query parameter.'),
            line: z.int().optional().describe('Line of the CSV file, from 1.'),
            column: z.string().optional().describe('Heading of the column of the CSV file.'),
            code: z
              .string()
              .optional()
              .describe('What is wrong in a file: stable, for texts in other languages.'),
            params: z
              .record(z.string(), z.string())
              .optional()
              .describe('The values to fill into a text for the code.'),
            detail: z.string().describe('What is wrong with it.'),
          })
          .meta({ id: 'FieldError', description: 'A field that is wrong, and why.' }),
      )
      .optional()
      .describe('The fields that are wrong: at most 20, or 100 rows of a CSV file.'),
    requestId: z.string().describe('The `X-Request-Id` of the response; also in the log.'),
  })
  .meta({ id: 'Problem', description: 'A problem of RFC 9457; `type` is stable, the texts may change.' });
