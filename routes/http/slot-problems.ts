import { NoSlotError, type Slot, type Slots } from '../../lib/async/slots.ts';
import { problem } from '../../lib/problem.ts';

/** The slot that `take` gives. @throws Problem 429 when the client has too many, 503 when this node has */
export function slotOrProblem<T extends Slot>(take: () => T): T {
  try {
    return take();
  } catch (error) {
    throw refusal(error);
  }
}

/** Waits for a slot for at most `ms`. @throws Problem as above */
export async function slotInTime(slots: Slots, client: string, ms: number, limit?: number): Promise<Slot> {
  try {
    return await slots.wait(client, ms, limit);
  } catch (error) {
    throw refusal(error);
  }
}

function refusal(error: unknown): unknown {
  if (!(error instanceof NoSlotError)) return error;
  const { what, limit, taken } = error;
  const headers = { 'Retry-After': '5' };
  if (limit === 'client') {
    const detail = `You have ${taken} ${what} under way, the most that one client may have at once. Wait until one of them has ended.`;
    return problem('rate-limited', { detail, headers });
  }
  const detail = `This server has ${taken} ${what} under way, the most that it takes at once. Try again later.`;
  return problem('unavailable', { detail, headers });
}
