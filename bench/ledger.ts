import type { Section } from './report.ts';
export async function ledger(): Promise<Section[]> {
  return [];
}
