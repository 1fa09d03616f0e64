import { MarktideError } from 'marktide/client';
import type { Api } from '../api.ts';

async function isReadable(api: Api, portfolioId: string): Promise<boolean> {
  try {
    await api.getPortfolio({ path: { portfolioId } });
    return true;
  } catch (error) {
    if (error instanceof MarktideError && (error.status === 404 || error.status === 403)) return false;
    throw error;
  }
}

/**
 * The portfolios among these that can no longer be read.
 * @throws MarktideError, or whatever `fetch` throws
 */
export async function lostPortfolios(api: Api, portfolioIds: readonly string[]): Promise<string[]> {
  const found = await Promise.all(portfolioIds.map((id) => isReadable(api, id)));
  return portfolioIds.filter((_id, index) => found[index] === false);
}
