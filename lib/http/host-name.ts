import { isIPv4, isIPv6 } from 'node:net';

const HOST = /^(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i;

/**
 * The name in a `Host` header, in lower case, without port and final dot; an IPv6 address in brackets and in its
 * shortest form. `null` if it is not a host.
 */
export function hostNameOf(host: string): string | null {
  if (!HOST.test(host) || !URL.canParse(`http://${host}`)) return null;
  return new URL(`http://${host}`).hostname.replace(/\.$/, '');
}

/** How clients name a server that listens on this address or name. */
export function hostNameOfAddress(address: string): string | null {
  return hostNameOf(isIPv6(address) ? `[${address}]` : address);
}

/** Whether a server that listens on this address or name can be reached from its own machine only. */
export function isLoopback(address: string): boolean {
  const name = hostNameOfAddress(address) ?? '';
  if (isIPv4(name)) return name.startsWith('127.');
  // The last one is 127.0.0.0/8 mapped into IPv6.
  return name === 'localhost' || name === '[::1]' || name.startsWith('[::ffff:7f');
}
