import assert from 'node:assert/strict';
import type { TestApp, TestUser } from './app.ts';

/** Shares a portfolio of the owner's with a friend, who accepts. */
export async function share(
  app: TestApp,
  { portfolioId, owner, friend }: { portfolioId: string; owner: TestUser; friend: TestUser },
  access: 'read' | 'write' = 'read',
): Promise<void> {
  const path = `/v1/portfolios/${portfolioId}/shares`;
  const invited = await app.call('PUT', path, { as: owner, body: { userId: friend.id, access } });
  assert.equal(invited.status, 200, JSON.stringify(invited.body));
  const accepted = await app.call('POST', `/v1/invitations/${portfolioId}/accept`, { as: friend });
  assert.equal(accepted.status, 200, JSON.stringify(accepted.body));
}
