/** How the cost of a sale is determined. `average` is the moving weighted average that Korean exchanges show. */
export const COST_METHODS = ['average', 'fifo', 'lifo', 'hifo'] as const;
export type CostMethod = (typeof COST_METHODS)[number];
