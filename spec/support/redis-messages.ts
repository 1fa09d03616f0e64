import { once } from 'node:events';
import { Redis } from 'ioredis';

/** Collects what comes in on a channel of Redis, such as its notices about keys. */
export async function redisMessages(
  url: string,
  channel: string,
): Promise<{ until(fits: (messages: string[]) => boolean): Promise<string[]>; close(): void }> {
  const messages: string[] = [];
  const client = new Redis(url);
  let look: () => void = () => undefined;
  client.on('error', () => undefined);
  client.on('message', (_channel: string, message: string) => {
    messages.push(message);
    look();
  });
  // ioredis: subscribing before `ready` puts its own ready check out of order.
  await once(client, 'ready');
  await client.subscribe(channel);
  return {
    until: (fits) =>
      new Promise((resolve) => {
        look = () => {
          if (fits(messages)) resolve(messages);
        };
        look();
      }),
    close: () => client.disconnect(),
  };
}
