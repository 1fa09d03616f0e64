import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { answerParent } from '../child.ts';

/** The minimum that a Koa program can send: what a read costs before anything is read. */
const server = new Koa()
  .use((ctx) => {
    ctx.body = { hello: 'world' };
  })
  .listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    answerParent({ read: () => ({ url: `http://127.0.0.1:${port}/`, authorization: null }) });
  });
