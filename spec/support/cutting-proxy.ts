import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a server that breaks: connections are cut after so many bytes of the answer, and its target may change. */
export interface CuttingProxy {
  url: string;
  /** Leads to another server from now on, or with `null` nowhere: connections are cut, since clients use them again. */
  leadTo(target: string | null): void;
  /** Bytes of each new connection's answer that get through. */
  nextBudget: () => number;
  /** Connections so far. */
  count: number;
  cutAll(): void;
  close(): Promise<void>;
}

export async function startCuttingProxy(first: string): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let target: string | null = first;
  const server = createServer((client) => {
    proxy.count += 1;
    if (target === null) {
      client.destroy();
      return;
    }
    const { hostname, port } = new URL(target);
    const upstream = connect(Number(port), hostname);
    let left = proxy.nextBudget();
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      const through = chunk.subarray(0, left);
      left -= through.length;
      if (left > 0) client.write(through);
      else client.end(through);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: CuttingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo(other) {
      target = other;
      this.cutAll();
    },
    nextBudget: () => Number.POSITIVE_INFINITY,
    count: 0,
    cutAll() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      this.cutAll();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
