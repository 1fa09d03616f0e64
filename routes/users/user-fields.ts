import { z } from 'zod';
import * as field from '../../lib/schemas/fields.ts';

export const userName = z
  .union([field.text(100), z.null()])
  .describe('Display name of the user; `null` for none.');
