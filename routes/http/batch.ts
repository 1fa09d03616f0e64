import { z } from 'zod';

/**
 * Maximum number of items in a batch. The cost of a request grows with it: at this size no step of booking holds the
 * event loop for long. `npm run bench -- stall` measures it.
 */
export const BATCH_ITEMS = 1_000;

/**
 * Maximum number of keys and values in a body: as many as the largest batch has. They cost more than their characters.
 */
export const BATCH_PARTS = 60 * BATCH_ITEMS;

/**
 * The body of an endpoint that takes one item, or several as `{items: […]}`: to be spread into its declaration.
 * @param name that of the item's schema
 */
export function itemOrBatch<T extends z.ZodType>(item: T, name: string) {
  const many = z
    .strictObject({
      items: z.array(item).min(1).max(BATCH_ITEMS).describe('Booked as a whole or not at all.'),
    })
    .meta({ id: `${name}Batch`, description: 'Several items in one request.' });
  return {
    body: z.union([item, many]).meta({ id: `${name}OrBatch`, description: 'One item, or a batch of them.' }),
    batch: { item, max: BATCH_ITEMS },
  };
}
