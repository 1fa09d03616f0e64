import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { networkOf } from '../../../lib/limits/network.ts';

describe('the network that an address counts for', () => {
  it('is the address itself in IPv4, also when it is mapped into IPv6', () => {
    assert.equal(networkOf('203.0.113.7'), '203.0.113.7');
    assert.equal(networkOf('::ffff:203.0.113.7'), '203.0.113.7');
    assert.notEqual(networkOf('203.0.113.7'), networkOf('203.0.113.8'));
  });

  it('is a /64 in IPv6, however the address is spelled', () => {
    const same = [
      '2001:db8:1:2:3:4:5:6',
      '2001:db8:1:2::',
      '2001:0DB8:0001:0002:ffff:ffff:ffff:ffff',
      '2001:db8:1:2::192.0.2.1',
      '2001:db8:1:2:0:0:192.0.2.1',
      '2001:db8:1:2::1%eth0',
    ];
    for (const ip of same) assert.equal(networkOf(ip), '2001:db8:1:2::/64', ip);
    const others = {
      '2001:db8:1:3::': '2001:db8:1:3::/64',
      '::1': '0:0:0:0::/64',
      'fe80::1': 'fe80:0:0:0::/64',
    };
    for (const [ip, network] of Object.entries(others)) assert.equal(networkOf(ip), network);
    assert.equal(networkOf('2001:db8::2:3:4:5:6'), '2001:db8:0:2::/64');
  });

  it('is told by the first four groups of any address, with or without zeros left out', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const full = groups.map((each) => each.toString(16)).join(':');
        const short = full.replace(/(^|:)0(:0)+(:|$)/, '::');
        fc.pre(isIPv6(short));
        const network = `${groups
          .slice(0, 4)
          .map((each) => each.toString(16))
          .join(':')}::/64`;
        assert.equal(networkOf(full), network);
        assert.equal(networkOf(short), network);
      }),
    );
  });

  it('is bounded for what is no address', () => {
    assert.equal(networkOf(''), '');
    assert.equal(networkOf('unknown'), 'unknown');
    assert.equal(networkOf('x'.repeat(10_000)).length, 64);
  });
});
