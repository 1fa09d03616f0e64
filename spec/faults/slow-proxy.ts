import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a server that is slow, or breaks. */
export interface SlowProxy {
  port: number;
  /** Milliseconds that everything takes, each way. */
  delayMs: number;
  /**
   * Swallows everything, as a network that drops packets does: connections stay open and nothing arrives, not even their
   * ends. A connection that has lost something then stays dead, as one that a router has forgotten.
   */
  isSilent: boolean;
  /** Told before each piece of a request is passed on, how many there were. */
  onRequest: (count: number) => void;
  cutAll(): void;
  close(): Promise<void>;
}

export async function startSlowProxy(target: number): Promise<SlowProxy> {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    let isDead = false;
    const join = (from: Socket, to: Socket): void => {
      // One piece after the other, also when the delay becomes shorter.
      let passed: Promise<void> | null = null;
      sockets.add(from);
      from.on('data', (chunk: Buffer) => {
        isDead ||= proxy.isSilent;
        if (isDead) return;
        if (from === client) proxy.onRequest((requests += 1));
        if (proxy.delayMs === 0 && passed === null) {
          to.write(chunk);
          return;
        }
        const due = new Promise((resolve) => setTimeout(resolve, proxy.delayMs));
        const passing: Promise<void> = Promise.all([due, passed]).then(() => {
          to.write(chunk);
          if (passed === passing) passed = null;
        });
        passed = passing;
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        if (!proxy.isSilent) to.destroy();
      });
    };
    join(client, upstream);
    join(upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: SlowProxy = {
    port: (server.address() as AddressInfo).port,
    delayMs: 0,
    isSilent: false,
    onRequest: () => undefined,
    cutAll() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      proxy.cutAll();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
