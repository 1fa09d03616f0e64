import { BlockList, isIP } from 'node:net';

const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;

interface IpRange {
  address: string;
  family: 'ipv4' | 'ipv6';
  prefix: number;
}

/** @returns `null` for what is neither an address nor a CIDR range */
function parseRange(text: string): IpRange | null {
  const [address = '', length, ...rest] = text.split('/');
  const version = isIP(address);
  // A zone (`fe80::1%eth0`) has a meaning only on one machine.
  if (version === 0 || rest.length > 0 || address.includes('%')) return null;
  const bits = version === 4 ? 32 : 128;
  if (length !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(length)) return null;
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits) return null;
  return { address, family: version === 4 ? 'ipv4' : 'ipv6', prefix };
}

/** Whether the text is an IPv4 or IPv6 address or a range of them, such as `10.0.0.0/8`. */
export function isIpRange(text: string): boolean {
  return parseRange(text) !== null;
}

/** Whether the address is in one of the ranges. An IPv4-mapped IPv6 address counts as IPv4. */
export function isWithin(ranges: readonly string[], ip: string): boolean {
  const address = MAPPED.exec(ip)?.[1] ?? ip;
  const version = isIP(address);
  if (version === 0) return false;
  const list = new BlockList();
  for (const text of ranges) {
    const range = parseRange(text);
    if (range !== null) list.addSubnet(range.address, range.prefix, range.family);
  }
  return list.check(address, version === 4 ? 'ipv4' : 'ipv6');
}
