import { z } from 'zod';
import * as field from '../http/fields.ts';

export const userName = z
  .union([field.text(100), z.null()])
  .describe('Name of the user, for people; `null`: none.');
