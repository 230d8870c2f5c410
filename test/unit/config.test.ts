import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../src/config-values.ts';
import { ConfigError, loadConfig, SETTING_GROUPS, SETTINGS, type ConfigInputs, type HostFacts } from '../../src/config.ts';

const HOST: HostFacts = {
  hostname: 'pod-1', uuid: '1b4e28ba', podNamespace: undefined, terminal: false, defaultKubeconfig: '/home/me/.kube/config', pathDelimiter: ':',
};
const load = (inputs: Partial<ConfigInputs> = {}) => loadConfig({ flags: {}, env: {}, host: HOST, ...inputs });
const problemsOf = (inputs: Partial<ConfigInputs>): readonly string[] => {
  try {
    load(inputs);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return assert.fail('nothing was refused');
};

describe('config', () => {
  it('has the defaults of the design', () => {
    assert.deepEqual(load(), {
      kubeconfig: ['/home/me/.kube/config'], inCluster: false,
      namespace: 'namespace-policy-baseline-system',
      systemNamespaces: ['kube-node-lease', 'kube-public', 'kube-system', 'namespace-policy-baseline-system'],
      evaluateIsolation: true, ipBlockMatchesPods: 'unknown',
      leaderElect: true, identity: 'pod-1_1b4e28ba',
      leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 5000,
      maxInFlight: 16, firstWriteDelayMs: 2, relistIntervalMs: 2_700_000, statusIntervalMs: 5000, drainTimeoutMs: 15_000,
      listenAddress: { host: '127.0.0.1', port: 8080 }, openReports: false, statusPage: false, metricsSecure: false, logLevel: 'info', logFormat: 'json',
    });
  });

  it('knows when it runs in a cluster', () => {
    const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };
    const config = load({ env, host: { ...HOST, podNamespace: 'policy' } });
    assert.deepEqual([config.inCluster, config.kubeconfig, config.listenAddress, config.namespace], [true, [], { port: 8080 }, 'policy']);
    assert.ok(config.systemNamespaces.includes('policy'));
    assert.equal(load({ env, flags: { kubeconfig: '/a' } }).inCluster, false);
    assert.deepEqual(load({ env: { ...env, KUBECONFIG: '/a:/b:' } }).kubeconfig, ['/a', '/b']);
  });

  it('takes the flag before the variable before the default', () => {
    const env = { NPB_LOG_LEVEL: 'debug', NPB_NAMESPACE: 'by-variable', NPB_KUBECONFIG: '/env', KUBECONFIG: '/other' };
    const config = load({ env, flags: { namespace: 'by-flag' } });
    assert.deepEqual([config.logLevel, config.namespace, config.kubeconfig, config.logFormat], ['debug', 'by-flag', ['/env'], 'json']);
    assert.equal(load({ env, flags: { namespace: '' } }).namespace, 'by-variable', 'empty is not given');
  });

  it('lists every bad value at once, by the name under which it was given', () => {
    assert.deepEqual(problemsOf({
      flags: { 'max-in-flight': '25', 'leader-elect': 'yes', namespace: 'Not_A_Name', 'first-write-delay': '2s' },
      env: { NPB_LOG_LEVEL: 'loud', NPB_LISTEN_ADDRESS: 'localhost', NPB_STATUS_INTERVAL: '5', NPB_SYSTEM_NAMESPACES: 'a,B', NPB_LEASE_DURATION: '15.5s' },
    }), [
      '--namespace is "Not_A_Name": expected the name of a namespace: at most 63 of a-z, 0-9 and -, with a letter or digit at both ends',
      'NPB_SYSTEM_NAMESPACES is "a,B": expected names of namespaces, separated by commas',
      '--leader-elect is "yes": expected true or false',
      'NPB_LEASE_DURATION is "15.5s": expected a duration from 1s to 1h in steps of 1s, such as 30s or 1h30m',
      '--max-in-flight is "25": expected a whole number from 1 to 24',
      '--first-write-delay is "2s": expected a duration from 0s to 1s, such as 30s or 1h30m',
      'NPB_STATUS_INTERVAL is "5": expected a duration from 100ms to 1h, such as 30s or 1h30m',
      'NPB_LISTEN_ADDRESS is "localhost": expected HOST:PORT or :PORT, such as 127.0.0.1:8080 or [::1]:8080',
      'NPB_LOG_LEVEL is "loud": expected one of debug, info, warn, error',
    ]);
  });

  it('refuses lease times that do not fit each other', () => {
    assert.deepEqual(problemsOf({ flags: { 'lease-duration': '10s' } }), ['--lease-duration is "10s": expected more than --renew-deadline (10s)']);
    assert.deepEqual(problemsOf({ env: { NPB_RETRY_PERIOD: '9s' } }), ['--renew-deadline is "10s": expected more than 1.2 times --retry-period (9s)']);
    assert.equal(problemsOf({ flags: { 'lease-duration': 'x' } }).length, 1, 'what is bad by itself is not compared');
  });

  it('refuses half of a certificate, and one that nothing would use', () => {
    const [cert, key] = [{ 'tls-cert-file': '/a' }, { 'tls-private-key-file': '/b' }];
    assert.deepEqual(problemsOf({ flags: { 'metrics-secure': 'true', ...cert } }), ['--tls-cert-file is "/a": expected --tls-private-key-file with it']);
    assert.deepEqual(problemsOf({ flags: { 'metrics-secure': 'true' }, env: { NPB_TLS_PRIVATE_KEY_FILE: '/b' } }), ['NPB_TLS_PRIVATE_KEY_FILE is "/b": expected --tls-cert-file with it']);
    assert.deepEqual(problemsOf({ flags: { ...cert, ...key } }), ['--tls-cert-file is "/a": expected --metrics-secure with it']);
    const { metricsSecure, tlsCertFile, tlsPrivateKeyFile } = load({ flags: { 'metrics-secure': 'true', ...cert, ...key } });
    assert.deepEqual([metricsSecure, tlsCertFile, tlsPrivateKeyFile], [true, '/a', '/b']);
  });

  it('reads addresses, lists and switches as people write them', () => {
    const flags = { 'listen-address': '[::1]:0', 'system-namespaces': ' kube-system, istio-system ,,', 'leader-elect': 'false' };
    const config = load({ flags });
    assert.deepEqual([config.listenAddress, config.leaderElect], [{ host: '::1', port: 0 }, false]);
    assert.deepEqual(config.systemNamespaces, ['istio-system', 'kube-system', 'namespace-policy-baseline-system']);
    for (const bad of [':65536', '1:2:3', ':', 'a b:1', '[::1]', ':-1']) assert.equal(problemsOf({ flags: { 'listen-address': bad } }).length, 1, bad);
  });

  it('is frozen', () => {
    const config = load();
    assert.ok([config, config.kubeconfig, config.systemNamespaces].every((each) => Object.isFrozen(each)));
  });

  it('names, documents and groups every setting', () => {
    const settings = Object.values(SETTINGS);
    assert.equal(new Set(settings.map(({ flag }) => flag)).size, settings.length);
    for (const { flag, env, help, group } of settings) {
      assert.equal(env, `NPB_${flag.toUpperCase().replaceAll('-', '_')}`);
      assert.ok(SETTING_GROUPS.includes(group));
      assert.match(help, /\.$/);
    }
  });
});

describe('durations', () => {
  it('are read as Go writes them', () => {
    const cases: [string, number | undefined][] = [
      ['30s', 30_000], ['1h30m', 5_400_000], ['1.5s', 1500], ['2ms', 2], ['0', 0], ['0s', 0], ['.5s', 500], ['1m0.5s', 60_500], ['100us', 0.1], ['100µs', 0.1],
      ['', undefined], ['5', undefined], ['s', undefined], ['1d', undefined], ['-1s', undefined], ['1 s', undefined], ['1s ', undefined], ['1h30', undefined], ['1.s.', undefined], ['NaN', undefined],
    ];
    for (const [typed, ms] of cases) assert.equal(parseDuration(typed), ms, typed);
  });

  it('are written so that they can be read again', () => {
    fc.assert(fc.property(fc.nat(100_000_000), (ms) => assert.equal(Math.round(parseDuration(formatDuration(ms)) ?? -1), ms)));
    assert.deepEqual([0, 2, 1500, 15_000, 2_700_000, 5_400_000, 3_600_000].map(formatDuration), ['0s', '2ms', '1.5s', '15s', '45m', '1h30m', '1h']);
  });
});
