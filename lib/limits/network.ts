import { isIP } from 'node:net';

const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;

/**
 * The network that counts as one client: an IPv4 address, or a /64 network of IPv6, since no client has fewer addresses
 * than that. An IPv4-mapped IPv6 address counts as IPv4.
 */
export function networkOf(ip: string): string {
  const address = MAPPED.exec(ip)?.[1] ?? ip.split('%')[0] ?? '';
  // A proxy may send anything; at least it must not be long.
  if (isIP(address) !== 6) return address.slice(0, 64);
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  // After `::`, an address in IPv4 notation counts as two groups.
  const behind = tail === undefined || tail === '' ? [] : tail.split(':');
  const behindCount = behind.length + (behind.at(-1)?.includes('.') === true ? 1 : 0);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - behindCount);
  const whole = [...groups, ...Array.from({ length: zeros }, () => '0'), ...behind];
  const network = whole.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
