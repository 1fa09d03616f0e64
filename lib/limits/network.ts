import { isIP } from 'node:net';

const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;

/**
 * What counts as one client among addresses: an IPv4 address, but a /64 of IPv6, of which whoever has one address has
 * 2⁶⁴. IPv4 mapped into IPv6 is what it stands for.
 */
export function networkOf(ip: string): string {
  const address = MAPPED.exec(ip)?.[1] ?? ip.split('%')[0] ?? '';
  // What a proxy says need not be an address; it must not be long.
  if (isIP(address) !== 6) return address.slice(0, 64);
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  // Of what stands behind `::`, an IPv4 spelling counts for two groups.
  const behind = tail === undefined || tail === '' ? [] : tail.split(':');
  const behindCount = behind.length + (behind.at(-1)?.includes('.') === true ? 1 : 0);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - behindCount);
  const whole = [...groups, ...Array.from({ length: zeros }, () => '0'), ...behind];
  const network = whole.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
