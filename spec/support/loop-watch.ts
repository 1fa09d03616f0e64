import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Loaded into a program with `--import`: measures how long its event loop is held. Tells where it listens; each request
 * is answered with the longest hold since the last one, in milliseconds: of the wall clock, and of processor time, which
 * a busy machine does not lengthen.
 */
const RESOLUTION_MS = 2;

let longest = { wall: 0, cpu: 0 };
let last = { at: performance.now(), cpu: process.cpuUsage() };

function look(): void {
  const at = performance.now();
  const cpu = process.cpuUsage();
  const used = (cpu.user - last.cpu.user + cpu.system - last.cpu.system) / 1_000;
  longest = { wall: Math.max(longest.wall, at - last.at), cpu: Math.max(longest.cpu, used) };
  last = { at, cpu };
}

setInterval(look, RESOLUTION_MS).unref();
const server = createServer((_, response) => {
  look();
  response.end(JSON.stringify(longest));
  longest = { wall: 0, cpu: 0 };
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`the loop is watched at http://127.0.0.1:${port}\n`);
});
server.unref();
