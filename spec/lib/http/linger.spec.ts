import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { lingerAndClose } from '../../../lib/http/linger.ts';
import { eventually } from '../../support/eventually.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const BOUNDS = { ms: 10_000, silentMs: 3_000, bytes: 100_000 };

describe('a socket on which the client may still be sending', () => {
  let clock: VirtualClock;
  let server: Server;
  let client: Socket;
  let socket: Socket;

  beforeEach(async () => {
    clock = new VirtualClock();
    server = createServer({ allowHalfOpen: true }).listen(0);
    await once(server, 'listening');
    client = connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
    client.on('error', () => undefined);
    [socket] = (await once(server, 'connection')) as [Socket];
    socket.on('error', () => undefined);
  });
  afterEach(async () => {
    client.destroy();
    server.close();
    await once(server, 'close');
    assert.equal(clock.pending, 0, 'a timer is left');
  });

  it('is closed when the client has sent all, after it got the answer', async () => {
    let answer = '';
    client.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.write('the answer');
    lingerAndClose(socket, clock, BOUNDS);
    client.end('x'.repeat(BOUNDS.bytes));
    await eventually(() => socket.destroyed, 'closing');
    await eventually(() => answer === 'the answer', 'the answer');
  });

  it('is closed after so much time, whatever the client does', async () => {
    lingerAndClose(socket, clock, BOUNDS);
    for (let n = 1; n <= 4; n += 1) {
      await clock.advance(BOUNDS.silentMs - 501);
      client.write('x');
      await eventually(() => socket.bytesRead === n, 'reading');
    }
    await clock.advance(3);
    assert.equal(socket.destroyed, false);
    await clock.advance(1);
    assert.equal(socket.destroyed, true);
    await eventually(() => clock.pending === 0, 'the timer to be cancelled');
  });

  it('is closed when the client has said nothing for so long', async () => {
    lingerAndClose(socket, clock, BOUNDS);
    await clock.advance(BOUNDS.silentMs - 1);
    assert.equal(socket.destroyed, false);
    await clock.advance(1);
    assert.equal(socket.destroyed, true);
    await eventually(() => clock.pending === 0, 'the timers to be cancelled');
  });

  it('is closed after so many bytes, however quickly they come', async () => {
    lingerAndClose(socket, clock, BOUNDS);
    client.write('x'.repeat(BOUNDS.bytes));
    await eventually(() => socket.bytesRead === BOUNDS.bytes, 'reading');
    assert.equal(socket.destroyed, false);
    client.write('x');
    await eventually(() => socket.destroyed && clock.pending === 0, 'closing');
  });
});
