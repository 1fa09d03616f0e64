import type { Context } from 'koa';
import { z } from 'zod';
import type { Caller } from '../../lib/tokens/caller.ts';
import { commaList } from '../../lib/text/comma-list.ts';
import { networkOf } from '../../lib/limits/network.ts';
import { type Problem, problem } from '../../lib/problem.ts';
import { isForAdmins } from '../../streams/channels/backfill.ts';
import { CATALOG } from '../../streams/channels/catalog.ts';
import type { MarktideChannel } from '../../streams/channels/channel-type.ts';
import { ChannelError, parseChannels } from '../../streams/core/channel.ts';
import { MAX_LAST_EVENT_ID } from '../../streams/core/cursor.ts';
import type { Admission, StreamOwner } from '../../streams/core/connections/open-stream.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import type { Services } from '../http/handler-services.ts';
import { queryProblem } from '../http/query-problem.ts';
import { slotOrProblem } from '../http/slot-problems.ts';

/** What every stream takes in its query. */
export const streamQuery = {
  lastEventId: z
    .string()
    .max(MAX_LAST_EVENT_ID)
    .optional()
    .describe(
      'The id to resume after, for clients that cannot send the `Last-Event-ID` header; the header has priority.',
    ),
  replay: z.enum(['full', 'latest']).default('full').meta({
    description:
      'What a resuming client gets. `full`: every retained event since the id. `latest`: only the newest state of each state channel, and every event of the others.',
  }),
  flush: z.coerce.number().int().min(0).max(1_000).optional().meta({
    description:
      'How long a busy stream may collect events before it writes them, in milliseconds; `0` writes each at once. The `STREAM_FLUSH_MS` of the server if omitted.',
  }),
  token: z.string().max(2_048).optional().meta({
    description: 'A stream token, for clients that cannot send headers: see `POST /v1/auth/stream-token`.',
  }),
};

/** The channels of a query parameter. @throws the 400 that names it */
export function channelsOf(parameter: string, list: string): MarktideChannel[] {
  return parsed(
    () => parseChannels(CATALOG, commaList(list)),
    (detail) => queryProblem({ parameter, detail }),
  );
}

/** The channels of a list in a body. @throws the 400 that points at it */
export function channelsOfBody(pointer: string, names: readonly string[]): MarktideChannel[] {
  return parsed(
    () => parseChannels(CATALOG, names),
    (detail) => problem('invalid-request', { errors: [{ pointer, detail }] }),
  );
}

function parsed(parse: () => MarktideChannel[], refusal: (detail: string) => Problem): MarktideChannel[] {
  try {
    return parse();
  } catch (error) {
    throw error instanceof ChannelError ? refusal(error.message) : error;
  }
}

/**
 * @throws 401 for a private channel without a caller, 403 for a channel of administrators, 404 for a channel of another
 * user
 */
export async function assertReadable(
  channels: readonly MarktideChannel[],
  caller: Caller | null,
  services: Services,
): Promise<void> {
  const restricted = channels.find(isForAdmins);
  if (restricted !== undefined) {
    if (caller === null) throw problem('unauthorized');
    if (!caller.scopes.includes('admin')) {
      throw problem('forbidden', {
        detail: `${restricted.name} takes a credential with the scope admin: it tells what all portfolios need.`,
      });
    }
  }
  const portfolios = new Set(channels.flatMap((channel) => channel.portfolioId ?? []));
  if (portfolios.size === 0) return;
  if (caller === null) throw problem('unauthorized');
  for (const portfolioId of portfolios) {
    await readablePortfolio(services, portfolioId, caller);
  }
}

/** Takes a slot for a stream. @throws 429 when the user (or, without a caller, the address) has too many, 503 when this node has */
export function admit(ctx: Context, caller: Caller | null, { hub }: Services): Admission {
  return slotOrProblem(() => hub.admit({ userId: caller?.userId ?? null, network: networkOf(ctx.ip) }));
}

export function ownerOf(caller: Caller | null): StreamOwner {
  return {
    userId: caller?.userId ?? null,
    sessionId: caller?.sessionId ?? null,
    expiresAt: caller?.expiresAt ?? null,
  };
}
