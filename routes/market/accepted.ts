import { z } from 'zod';

export const acceptedSchema = z
  .object({ accepted: z.int().describe('How many items were accepted: all of them.') })
  .meta({ id: 'Accepted', description: 'How many items of the request were accepted.' });
