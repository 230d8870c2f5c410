/** What people type at `npb explain` and `npb test`: ends, ports, and what is said of those that mean nothing. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { endText, parseEnd, type End } from '../../../src/analyze/explain/end.ts';
import { didYouMean, nearNames } from '../../../src/analyze/explain/near-names.ts';
import { parseDestination, parsePort, portText } from '../../../src/analyze/explain/port.ts';

const problemOf = (read: object): string => ('problem' in read ? String(read.problem) : `no problem: ${JSON.stringify(read, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`);

describe('ends of connections as text', () => {
  const ends: readonly [string, string, string?][] = [
    ['shop/web', 'name'], ['shop/web-7d9f8-x2x', 'name'], ['shop/web.v1', 'name'], ['constructor/toString'.toLowerCase(), 'name'],
    ['svc/web', 'name'], // a namespace may be called so
    ['deploy/shop/web', 'object'], ['Deployment/shop/web', 'object', 'deploy/shop/web'], ['sts/db/postgres', 'object'], ['pods/shop/web-0', 'object', 'pod/shop/web-0'], ['jobs/shop/x', 'object', 'job/shop/x'],
    ['svc/shop/web', 'service'], ['services/shop/web', 'service', 'svc/shop/web'], ['web.shop.svc', 'service', 'svc/shop/web'], ['web.shop.svc.cluster.local', 'service', 'svc/shop/web'],
    ['shop/{app=web,tier=x}', 'labels'], ['shop/{ app=web, tier= }', 'labels', 'shop/{app=web,tier=}'], ['shop/{}', 'labels'], ['shop/{a.b/c=d}', 'labels'],
    ['10.0.0.1', 'address'], ['fd00::1', 'address'], ['[fd00::1]', 'address', 'fd00::1'],
    ['10.0.0.0/8', 'range'], ['fd00::/8', 'range'], ['[fd00::/8]', 'range', 'fd00::/8'],
    ['internet', 'internet'], ['metadata', 'metadata'], ['*', 'every pod'], ['shop/*', 'every pod'],
  ];
  for (const [text, kind, normal = text] of ends) {
    it(`${text} is: ${kind}`, () => {
      const end = parseEnd(text);
      assert.ok(!('problem' in end), problemOf(end));
      assert.equal(end.kind, kind);
      assert.equal(endText(end), normal);
      assert.deepEqual(parseEnd(endText(end)), end);
    });
  }

  const nonsense: readonly [string, RegExp][] = [
    ['', /^"" names no end of a connection: expected NAMESPACE\/NAME/],
    ['web', /^"web" has no namespace: expected NAMESPACE\/web$/],
    ['example.com', /is a host name, and policies know addresses only: expected an address, or NAME.NAMESPACE.svc/],
    ['shop/{app}', /"app" in "shop\/\{app\}" is no label: expected key=value/], ['shop/{a=b=c}', /"a=b=c" .* is no label/], ['shop/{=x}', /"=x" .* is no label/],
    ['10.0.0.1/33', /names no end/], ['Shop/web', /names no end/], ['shop/web/', /names no end/], ['a/b/c/d', /names no end/],
    ['\u001b[31mred', /^"\\u001b\[31mred" names no end/],
  ];
  for (const [text, message] of nonsense) it(`${JSON.stringify(text)} is refused, with what is expected`, () => assert.match(problemOf(parseEnd(text)), message));

  it('a name without a namespace is in the one that is given', () => {
    assert.deepEqual(parseEnd('web', 'shop'), parseEnd('shop/web'));
    assert.deepEqual(parseDestination('web:80', 'shop'), parseDestination('shop/web:80'));
    assert.deepEqual(parseEnd('internet', 'shop'), { kind: 'internet' });
    assert.match(problemOf(parseEnd('example.com', 'shop')), /is a host name/);
  });

  it('any text is an end or a problem, never an exception', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z/.:{}=,*[\]0-9-]{0,20}$/)), (text) => {
      const end = parseEnd(text);
      if (!('problem' in end)) assert.deepEqual(parseEnd(endText(end)), end satisfies End);
      parseDestination(text);
    }));
  });
});

describe('ports as text', () => {
  for (const [text, normal] of [['80', '80'], ['80/tcp', '80'], ['53/UDP', '53/UDP'], ['http', 'http'], ['dns/udp', 'dns/UDP'], ['icmp', 'icmp'], ['ICMP', 'icmp'], ['any', 'any'], ['65535/sctp', '65535/SCTP']] as const) {
    it(`${text} is ${normal}`, () => {
      const port = parsePort(text);
      assert.ok(!('problem' in port), problemOf(port));
      assert.equal(portText(port), normal);
      assert.deepEqual(parsePort(portText(port)), port);
    });
  }
  for (const [text, message] of [
    ['0', /port 0 does not exist: expected a number from 1 to 65535/], ['65536', /port 65536 does not exist/], ['80/http', /expected PORT or PORT\/PROTOCOL, with tcp, udp or sctp/],
    ['80/tcp/udp', /is no port/], ['', /is no port/], ['-', /is no port/], ['a-very-long-name-of-a-port', /is no port/], ['icmp/tcp', undefined], ['8_0', /is no port/],
  ] as const) it(`${JSON.stringify(text)} is ${message === undefined ? 'a name' : 'refused'}`, () => (message === undefined ? assert.ok('kind' in parsePort(text)) : assert.match(problemOf(parsePort(text)), message)));

  const destinations: readonly [string, string, string | undefined][] = [
    ['orders/api:8080', 'orders/api', '8080'], ['orders/api', 'orders/api', undefined], ['orders/api:53/udp', 'orders/api', '53/UDP'], ['svc/orders/api:http', 'svc/orders/api', 'http'],
    ['api.orders.svc:80', 'svc/orders/api', '80'], ['10.0.0.1:443', '10.0.0.1', '443'], ['10.0.0.0/8:443', '10.0.0.0/8', '443'], ['[fd00::1]:443', 'fd00::1', '443'], ['fd00::1', 'fd00::1', undefined],
    ['[fd00::1]', 'fd00::1', undefined], ['[fd00::/8]:53/udp', 'fd00::/8', '53/UDP'], ['orders/{app=api}:8080', 'orders/{app=api}', '8080'], ['internet:443', 'internet', '443'], ['orders/api:icmp', 'orders/api', 'icmp'],
  ];
  for (const [text, end, port] of destinations) {
    it(`${text} is ${end} and ${port ?? 'no port'}`, () => {
      const found = parseDestination(text);
      assert.ok(!('problem' in found), problemOf(found));
      assert.deepEqual([endText(found.end), found.port === undefined ? undefined : portText(found.port)], [end, port]);
    });
  }
  it('a port that is none is named, and so is an end', () => {
    assert.match(problemOf(parseDestination('orders/api:99999')), /port 99999 does not exist/);
    assert.match(problemOf(parseDestination('orders:8080')), /"orders" has no namespace/);
    assert.match(problemOf(parseDestination('orders/api:')), /"" is no port/);
  });
});

describe('names like the one that was typed', () => {
  it('come nearest first, at most three, none that is far off', () => {
    assert.deepEqual(nearNames('wbe', ['db', 'web', 'api', 'webs']), ['web']);
    assert.deepEqual(nearNames('web', ['web-frontend', 'ui', 'constructor']), ['web-frontend']);
    assert.deepEqual(nearNames('orders', ['order', 'orderz', 'orders-2', 'oders', 'shop']), ['oders', 'order', 'orders-2']);
    assert.deepEqual(nearNames('orders', []), []);
  });
  it('are offered as a question', () => {
    assert.deepEqual([didYouMean([]), didYouMean(['a']), didYouMean(['a', 'b', 'c'])], ['', '. Did you mean a?', '. Did you mean a, b or c?']);
  });
});
