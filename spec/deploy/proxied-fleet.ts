import { newPostgresDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type Proxy, startNginx } from '../support/nginx.ts';
import { type NodeProcess, startNode } from '../support/node-process.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';

/** Longer than the example leaves a node alone, as the default is. */
const SHUTDOWN_DELAY_MS = 2_500;

/** Two nodes as processes, nginx with the example configuration in front, PostgreSQL and Redis behind. */
export interface ProxiedFleet {
  readonly proxy: Proxy;
  readonly redis: RedisServer;
  readonly nodes: [NodeProcess, NodeProcess];
  /** Ends a node by the signal, starts it again on the same port, and waits until it is ready. @returns its exit code */
  restart(index: 0 | 1, signal: NodeJS.Signals): Promise<number | null>;
  stop(): Promise<void>;
}

interface FleetOptions {
  /** Where nginx reaches the nodes that listen on these ports. */
  ports?: (given: readonly [number, number]) => Promise<readonly [number, number]>;
  /** A file that the first node's log goes to. */
  logTo?: string | undefined;
  /** nginx has its folder in there. */
  proxyIn?: string | undefined;
}

export async function startProxiedFleet(
  databaseUrl?: string,
  more: Record<string, string> = {},
  { ports: ways = (given) => Promise.resolve(given), logTo, proxyIn }: FleetOptions = {},
): Promise<ProxiedFleet> {
  const redis = await startRedisServer();
  const ports = [await freePort(), await freePort()] as const;
  const env = {
    DATABASE_URL: databaseUrl ?? (await newPostgresDatabase()),
    REDIS_URL: redis.url,
    MARKET_FEED: 'push',
    PUBLIC_MARKET: 'true',
    PUBLIC_METRICS: 'true',
    TRUST_PROXY: '1',
    SHUTDOWN_DELAY_MS: String(SHUTDOWN_DELAY_MS),
    DRAIN_MS: '500',
    // All load comes from one address, of one user.
    RATE_LIMIT_ADDRESS: '0',
    RATE_LIMIT_USER: '0',
    RATE_LIMIT_STREAM: '0',
    ...more,
  };
  const start = (index: 0 | 1): Promise<NodeProcess> => {
    const own = { ...env, PORT: String(ports[index]) };
    if (index === 1 || logTo === undefined) return startNode(own);
    return startNode({ ...own, LOG_LEVEL: 'info' }, undefined, undefined, logTo);
  };
  const nodes: [NodeProcess, NodeProcess] = [await start(0), await start(1)];
  const [one, two] = await ways(ports);
  const proxy = await startNginx([`127.0.0.1:${one}`, `127.0.0.1:${two}`], undefined, undefined, proxyIn);
  for (const node of nodes) await ready(node);
  return {
    proxy,
    redis,
    nodes,
    async restart(index, signal) {
      const code = await nodes[index].end(signal);
      nodes[index] = await start(index);
      await ready(nodes[index]);
      return code;
    },
    async stop() {
      await proxy.stop();
      await Promise.all(nodes.map((node) => node.end('SIGKILL')));
      await redis.stop();
    },
  };
}

async function ready({ url }: NodeProcess): Promise<void> {
  const isReady = async (): Promise<boolean> => {
    const response = await fetch(`${url}/readyz`);
    await response.text();
    return response.status === 200;
  };
  await eventually(isReady, 'readiness', { everyMs: 50 });
}
