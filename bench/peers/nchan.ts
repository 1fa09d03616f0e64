import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stampedTrade } from '../stamped-trade.ts';
import { answerParent } from '../child.ts';
import type { Published } from './peer.ts';
import { usageOf } from './process-usage.ts';

/** nginx with Nchan, from Debian packages. Events are published to it over HTTP, which its CPU time includes. */
const folder = mkdtempSync(join(tmpdir(), 'marktide-nchan-'));
const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address() as AddressInfo;
probe.close();
await once(probe, 'close');
writeFileSync(
  join(folder, 'nginx.conf'),
  `load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
worker_processes 1;
daemon off;
error_log stderr crit;
pid ${folder}/pid;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000;
  nchan_shared_memory_size 256M;
  server {
    listen 127.0.0.1:${port};
    location = /publish { nchan_publisher; nchan_channel_id all; nchan_message_buffer_length 1000; }
    location = /stream { nchan_subscriber eventsource; nchan_channel_id all; nchan_subscriber_first_message newest; }
  }
}
`,
);
const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
process.on('exit', () => {
  child.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

function post(sequence: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        path: '/publish',
        method: 'POST',
        agent,
        headers: { 'X-EventSource-Event': 'trade' },
      },
      (response) => response.resume().once('end', () => resolve()),
    );
    sent.once('error', reject);
    sent.end(JSON.stringify(stampedTrade(sequence)));
  });
}

/** Waits until it listens. */
for (let attempt = 0; ; attempt += 1) {
  try {
    await post(0);
    break;
  } catch (error) {
    if (attempt === 100) throw error;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

answerParent({
  url: () => `http://127.0.0.1:${port}/stream`,
  usage: () => usageOf(child.pid ?? 0),
  async publish({ rate, seconds }: { rate: number; seconds: number }): Promise<Published> {
    const start = performance.now();
    const posts: Promise<void>[] = [];
    let elapsed = 0;
    while (elapsed < seconds) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      elapsed = (performance.now() - start) / 1_000;
      const due = Math.floor(Math.min(elapsed, seconds) * rate) - posts.length;
      for (let n = 0; n < due; n += 1) posts.push(post(posts.length));
    }
    await Promise.all(posts);
    return { events: posts.length, seconds: elapsed };
  },
});
