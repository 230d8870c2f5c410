/**
 * Every kind of error, from the answers that a real kube-apiserver 1.36.3 gave (fixtures/answers.json), and from what
 * sockets, undici and our own deadlines throw.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { errors as undici } from 'undici';
import { errorFromAnswer, errorFromStatus, type Answer } from '../../../src/kube/error-answers.ts';
import { dispositionOn, isKubeError, KubeError, toKubeError, type Disposition, type KubeErrorKind } from '../../../src/kube/errors.ts';

interface Recorded extends Answer { readonly title: string; readonly verb: string; readonly kind: KubeErrorKind }
const recorded = JSON.parse(readFileSync(new URL('fixtures/answers.json', import.meta.url), 'utf8')) as Recorded[];
const create = { verb: 'create', resource: 'networkpolicies', name: 'p1', namespace: 'a' };

describe('errors: answers of the API server', () => {
  for (const { title, verb, kind, ...answer } of recorded) {
    it(`${title} is ${kind}`, () => {
      const error = errorFromAnswer({ ...create, verb }, answer);
      assert.equal(error.kind, kind);
      assert.equal(error.code, answer.code);
    });
  }

  it('keeps reason, causes, details and the time to come back', () => {
    const behind = errorFromAnswer({ verb: 'list', resource: 'networkpolicies' }, found('a list at a version to come'));
    assert.equal(behind.retryAfterMs, 1000);
    assert.deepEqual(behind.causes.map((cause) => cause.reason), ['ResourceVersionTooLarge']);
    const missing = errorFromAnswer(create, found('a create in a namespace that does not exist'));
    assert.deepEqual([missing.reason, missing.detailsKind], ['NotFound', 'namespaces']);
  });

  it('names verb, object and cause in a short message', () => {
    const error = errorFromAnswer(create, found('a create beyond a quota'));
    assert.match(error.message, /^create networkpolicies p1 in a: 403 Forbidden: .*exceeded quota: q/);
    const long = errorFromAnswer(create, found('a selector that validation refuses'));
    assert.ok(long.message.length < 330, long.message);
  });

  it('takes 429 and 503 with Retry-After for throttling, without it 503 for an outage', () => {
    const text = 'Too many requests, please try again later.\n';
    assert.equal(errorFromAnswer(create, { code: 429, headers: { 'retry-after': '2' }, text }).retryAfterMs, 2000);
    assert.equal(errorFromAnswer(create, { code: 429, headers: {}, text }).kind, 'Throttled');
    assert.equal(errorFromAnswer(create, { code: 503, headers: { 'retry-after': '1' }, text: '' }).kind, 'Throttled');
    assert.equal(errorFromAnswer(create, { code: 503, headers: {}, text: '<html>' }).kind, 'Unavailable');
  });

  it('ignores a Retry-After that is no number', () => {
    assert.equal(errorFromAnswer(create, { code: 429, headers: { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, text: '' }).retryAfterMs, undefined);
  });

  it('knows RBAC from admission on an update by the header, or by words where a proxy took it away', () => {
    const { headers: _headers, ...answer } = found('an update that RBAC refuses');
    assert.equal(errorFromAnswer({ ...create, verb: 'update' }, { ...answer, headers: {} }).kind, 'Forbidden');
    const quota = found('a create beyond a quota');
    assert.equal(errorFromAnswer({ ...create, verb: 'update' }, quota).kind, 'QuotaExceeded');
  });

  it('knows a quota by the words of the API server, not by names in which the word occurs', () => {
    const denied = found('a webhook that says 403');
    const named = { ...denied, text: denied.text.replace('denied the request: because', 'denied the request: p1 is forbidden: exceeded quota: q') };
    assert.equal(errorFromAnswer({ ...create, namespace: 'team-quota' }, named).kind, 'AdmissionDenied');
    const policy = found('an admission policy that says Forbidden');
    assert.equal(errorFromAnswer(create, { ...policy, text: policy.text.replaceAll("'v'", "'exceeded quota'") }).kind, 'AdmissionDenied');
    const quota = found('a create beyond a quota');
    assert.equal(errorFromAnswer(create, { ...quota, text: quota.text.replace('exceeded quota: q, requested', 'status unknown for quota: q, resources') }).kind, 'QuotaExceeded');
  });

  it('cuts no character of a message in half', () => {
    for (const before of [237, 238, 239]) {
      const text = `${'x'.repeat(before)}😀 and more`;
      assert.ok(errorFromAnswer(create, { code: 500, headers: {}, text }).message.isWellFormed());
    }
  });

  it('takes a body that was cut off for what its code says', () => {
    assert.equal(errorFromAnswer(create, { code: 409, headers: {}, text: '{"kind":"Status","reason":"Alre' }).kind, 'Conflict');
  });

  const found = (title: string): Answer => recorded.find((one) => one.title === title) ?? assert.fail(title);
});

describe('errors: ERROR frames', () => {
  const watch = { verb: 'watch', resource: 'namespaces' };
  it('410 is Expired', () => {
    const error = errorFromStatus(watch, { kind: 'Status', message: 'too old resource version: 411 (414)', reason: 'Expired', code: 410 });
    assert.equal(error.kind, 'Expired');
  });
  it('504 with its cause is TooLargeResourceVersion, any other 5xx Unavailable', () => {
    const details = { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 };
    assert.equal(errorFromStatus(watch, { code: 504, reason: 'Timeout', details }).kind, 'TooLargeResourceVersion');
    assert.equal(errorFromStatus(watch, { code: 500, reason: 'InternalError' }).kind, 'Unavailable');
  });
  it('without a code the reason decides', () => {
    assert.equal(errorFromStatus(watch, { reason: 'Gone' }).kind, 'Expired');
    assert.equal(errorFromStatus(watch, {}).kind, 'Unavailable');
  });
});

describe('errors: what is thrown', () => {
  const thrown: readonly [string, unknown, KubeErrorKind][] = [
    ['a refused connection', Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' }), 'Unavailable'],
    ['a reset', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), 'Unavailable'],
    ['an unknown host', Object.assign(new Error('getaddrinfo ENOTFOUND x'), { code: 'ENOTFOUND' }), 'Unavailable'],
    ['a failed name server', Object.assign(new Error('getaddrinfo EAI_AGAIN x'), { code: 'EAI_AGAIN' }), 'Unavailable'],
    ['a closed socket', new undici.SocketError('other side closed'), 'Unavailable'],
    ['a connect timeout', new undici.ConnectTimeoutError('Connect Timeout Error'), 'Unavailable'],
    ['an unknown authority', Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'Unavailable'],
    ['a wrong host in a certificate', Object.assign(new Error('altnames'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }), 'Unavailable'],
    ['several addresses that fail', new AggregateError([], '', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }), 'Unavailable'],
    ['an abort', new DOMException('gone', 'AbortError'), 'Aborted'],
    ['bad JSON', new SyntaxError('Unexpected token'), 'Malformed'],
    ['a bug', new TypeError('x is not a function'), 'Unexpected'],
    ['not even an error', 'boom', 'Unexpected'],
  ];
  for (const [title, what, kind] of thrown) {
    it(`${title} is ${kind}, with its cause`, () => {
      const error = toKubeError(what, create);
      assert.equal(error.kind, kind);
      assert.equal(error.cause, what);
      assert.match(error.message, /^create networkpolicies p1 in a: ./);
    });
  }
  it('a KubeError stays what it is', () => {
    const error = new KubeError('x', { kind: 'Conflict' });
    assert.equal(toKubeError(error), error);
    assert.ok(isKubeError(error, 'Conflict') && isKubeError(error) && !isKubeError(error, 'NotFound'));
  });
});

describe('errors: dispositions', () => {
  const wanted: Record<KubeErrorKind, Disposition> = {
    AlreadyExists: 'replan', BeingDeleted: 'retry', Conflict: 'replan', NotFound: 'replan',
    Throttled: 'retry', Unavailable: 'retry', Expired: 'retry', TooLargeResourceVersion: 'retry', Unauthorized: 'retry', Malformed: 'retry', Aborted: 'retry', Unexpected: 'retry',
    NamespaceTerminating: 'drop', NamespaceMissing: 'drop',
    Invalid: 'retrySlowly', BadRequest: 'retrySlowly', Forbidden: 'retrySlowly', QuotaExceeded: 'retrySlowly', AdmissionDenied: 'retrySlowly',
  };
  for (const [kind, disposition] of Object.entries(wanted)) {
    it(`${kind}: ${disposition}`, () => assert.equal(dispositionOn(new KubeError('x', { kind: kind as KubeErrorKind })), disposition));
  }
  it('anything else: retry', () => assert.equal(dispositionOn(new Error('x')), 'retry'));
});
