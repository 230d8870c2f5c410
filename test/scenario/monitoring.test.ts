/**
 * Issue 5.1: a real Prometheus scrapes the running operator; every panel and every rule is asked about a cluster in
 * which what it is about is true, and says so; a healthy cluster is silent; an alert reaches a webhook.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { FIRST_BUILD_TIMEOUT_MS } from '../control-plane/binaries.ts';
import type { Json } from '../support/api.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT, startInstalled } from '../support/control-plane.ts';
import { dashboardsCheckedIn, filledIn, panelsOf } from '../support/dashboards.ts';
import { eventually } from '../support/eventually.ts';
import { hastyGroups, startAlertmanager, startKubeStateMetrics, startPrometheus, type Firing, type Labels, type Prometheus, type Sample } from '../support/monitoring.ts';
import { aShell, type Shell } from '../support/doc-commands.ts';
import { spawnOperator, whenServing, type OperatorProcess } from '../support/operator-process.ts';
import { servePrometheusOperatorKinds } from '../support/prometheus-operator.ts';
import { diagnosisCommands, runsIn } from '../support/runbook-commands.ts';
import { EMPTY, isSubset, NAMED } from '../support/panel-rows.ts';
import { skipBecause } from '../support/skip.ts';
import { own, SOON, TROUBLES } from '../support/troubles.ts';
import { aWorld, type World } from '../support/world.ts';
import { ensureTool } from '../tools/tool.ts';

const CLUSTER = 'berlin';
const TOOLS = ['prometheus', 'alertmanager', 'kube-state-metrics'] as const;
const JOB = 'namespace-policy-baseline';
/** What the Prometheus operator adds for our ServiceMonitor; `namespace` is that of the operator. */
const discovered = (pod: string): Labels => ({ cluster: CLUSTER, namespace: OPERATOR_NAMESPACE, service: `${JOB}-metrics`, endpoint: 'http', container: 'operator', pod });
/** The ranges reach back to the beginning: what happened then is still to be seen on a slow machine. */
const VARIABLES = { cluster: CLUSTER, job: '.+', instance: '.+', __rate_interval: '15m', __range: '30m' };

describe('monitoring', function () {
  this.timeout(300_000);
  let plane: ControlPlane;
  let world: World;
  let prometheus: Prometheus;
  let alertmanager: Awaited<ReturnType<typeof startAlertmanager>>;
  const ends: (() => Promise<unknown>)[] = [];
  let operators: OperatorProcess[] = [];

  before(async function () {
    this.timeout(3 * FIRST_BUILD_TIMEOUT_MS);
    for (const tool of TOOLS) await ensureTool(tool).catch((error: unknown) => skipBecause(this, `no ${tool}: ${String(error)}`));
    plane = await startInstalled();
    ends.push(() => plane.stop());
    world = await aWorld(plane);
    ends.push(() => world.end());
    await everywhereElse();
    await deployment(2);
    const kubeconfig = await plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT);
    const flags = ['--status-interval', '1s'];
    operators = [await whenServing(await spawnOperator(kubeconfig, flags)), await whenServing(await spawnOperator(kubeconfig, [...flags, '--identity', 'standby']), { leading: false })];
    ends.push(async () => {
      for (const operator of operators) operator.kill('SIGKILL');
      await Promise.all(operators.map(({ ended }) => ended));
    });
    const states = await startKubeStateMetrics(plane.adminKubeconfig);
    ends.push(() => states.stop());
    alertmanager = await startAlertmanager();
    ends.push(() => alertmanager.stop());
    prometheus = await startPrometheus({
      groups: hastyGroups(),
      alertmanager: alertmanager.url,
      scraped: [
        { job: JOB, targets: operators.map(({ url }, index) => ({ url, labels: discovered(`operator-${index}`) })) },
        { job: 'kube-state-metrics', targets: [{ url: states.url, labels: { cluster: CLUSTER } }] },
      ],
    });
    ends.push(() => prometheus.stop());
  });
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });

  /** A baseline for what the scenarios do not make, so that the cluster is healthy. */
  const everywhereElse = (): Promise<string> =>
    world.baseline({ namespaceSelector: { matchExpressions: [{ key: 'test.netbaseline.io/world', operator: 'DoesNotExist' }] } }, 'everywhere-else');

  /** The shipped Deployment, with as many replicas available; nothing runs it here. */
  async function deployment(available: number): Promise<void> {
    const path = `/apis/apps/v1/namespaces/${OPERATOR_NAMESPACE}/deployments`;
    const [manifest] = parseAllDocuments(readFileSync('config/manager/deployment.yaml', 'utf8')).map((document): Json => document.toJS());
    await world.admin.post(path, manifest);
    const status = available === 0 ? { replicas: 2, readyReplicas: null, availableReplicas: null, unavailableReplicas: 2 } : { replicas: 2, readyReplicas: available, availableReplicas: available, unavailableReplicas: null };
    const { code, body } = await world.admin.patch(`${path}/${manifest.metadata.name}/status`, { status });
    assert.equal(code, 200, JSON.stringify(body));
  }

  const becomesTrue = (expr: string, check: (samples: Sample[]) => void = (samples) => assert.ok(samples.length > 0, `${expr} is empty`)) => eventually(() => prometheus.query(expr), check, SOON);
  const fires = (name: string, labels: Labels = {}): Promise<Firing[]> => eventually(() => prometheus.alerts(), (alerts) => {
    assert.ok(alerts.some((alert) => alert.labels['alertname'] === name && isSubset({ cluster: CLUSTER, ...labels }, alert.labels) && alert.state === 'firing'),
      `${name} ${JSON.stringify(labels)}; firing: ${alerts.map((alert) => JSON.stringify(alert.labels)).join(' ')}`);
  }, SOON);

  describe('at first', () => {
    it('a healthy cluster is silent, and every rule can be evaluated', async () => {
      await world.applied('everywhere-else');
      await becomesTrue('sum(leader_election_master_status) == 1');
      await becomesTrue('count(up == 1) == 3');
      await becomesTrue('cluster_direction:netpol_baseline_namespaces_protected:ratio == 1', (samples) => assert.equal(samples.length, 2));
      await becomesTrue('sum(netpol_baseline_namespaces{baseline="everywhere-else", state="protected"}) == 1'); // default
      await eventually(() => prometheus.rules(), (rules) => {
        assert.deepEqual(rules.filter(({ health }) => health !== 'ok').map(({ name, lastError }) => `${name}: ${lastError}`), []);
      }, SOON);
      await eventually(() => prometheus.alerts(), (alerts) => assert.deepEqual(alerts.map(({ labels }) => labels['alertname']), []), SOON);
    });

    it('a cluster in which much is wrong: each is told by its alert', async () => {
      await Promise.all(Object.values(TROUBLES).map((make) => make({ world, prometheus })));
      const expected: Record<string, Labels> = {
        NetpolBaselineDriftNotRepaired: { baseline: 'warned', template: 'default-deny' },
        NetpolBaselineDriftContended: {},
        NetpolBaselineDriftRecurring: { template: 'default-deny' },
        NetpolBaselineNamespaceUnprotected: { baseline: 'conflicted', state: 'conflicted' },
        NetpolBaselineOverridden: { direction: 'Egress' },
        NetpolBaselineIsolationOpened: { direction: 'Egress', cause: 'policy' },
        NetpolBaselineExemptionExpiring: { baseline: 'exempt', exemption: 'exempt' },
        NetpolBaselineExemptionExpired: { baseline: 'exempt' },
        NetpolBaselineRemovalsHeld: { baseline: 'held' },
        NetpolBaselineLeftovers: { baseline: 'held' },
        NetpolBaselineCoverageLow: { direction: 'Ingress' },
        NetpolBaselineStalled: { baseline: 'stalled' },
      };
      for (const [name, labels] of Object.entries(expected)) await fires(name, labels);
      await fires('NetpolBaselineNamespaceUnprotected', { baseline: 'refused', state: 'failed' });
      await fires('NetpolBaselineNamespaceUnprotected', { baseline: 'paused', state: 'pending' });
      const stalledOnes = (await prometheus.alerts()).filter(({ labels }) => labels['alertname'] === 'NetpolBaselineStalled');
      assert.deepEqual(stalledOnes.map(({ labels }) => labels['baseline']), ['stalled'], 'a baseline that is only held has its own alert');
    });

    it('namespaces that wait too long use up the error budget of time to protect', async () => {
      const { labels, spec } = own('slow', { paused: true });
      await world.baseline(spec, 'slow');
      for (let number = 0; number < 6; number += 1) await world.namespace({ name: `slow-${number}`, labels });
      await becomesTrue('min(time() - kube_namespace_created{namespace=~"slow-.*"}) > 6', (samples) => assert.equal(samples.length, 1));
      await world.edit('slow', { paused: false });
      await fires('NetpolBaselineTimeToProtectSLOBurn', { severity: 'critical' });
      await fires('NetpolBaselineTimeToProtectSLOBurn', { severity: 'warning' });
    });
  });

  describe('for people', () => {
    let shell: Shell;
    before(async () => { shell = await aShell(plane.adminKubeconfig, { kubectl: plane.kubectlPath }); });
    after(() => shell.end());

    it('the Prometheus operator takes the ServiceMonitor and the rules, and Grafana finds the dashboards', async function () {
      await servePrometheusOperatorKinds(plane).catch((error: unknown) => skipBecause(this, `no CRDs of the Prometheus operator: ${String(error)}`));
      for (const folder of ['config/prometheus', 'config/dashboards']) await plane.kubectl(['apply', '--server-side', '--validate=strict', '-k', folder]);
      const { stdout } = await plane.kubectl(['get', 'configmaps', '-l', 'grafana_dashboard=1', '-o', 'name']);
      assert.equal(stdout.trim().split('\n').length, 3);
      const misspelt: unknown = parse(readFileSync('config/prometheus/service-monitor.yaml', 'utf8').replace('honorLabels', 'honourLabels'));
      await assert.rejects(plane.kubectl(['apply', '--server-side', '--validate=strict', '-f', '-'], { stdin: JSON.stringify(misspelt) }), /honourLabels/);
    });

    for (const { page, line } of diagnosisCommands({ BASELINE: 'held', NAMESPACE: 'overridden', NAME: 'default-deny' })) {
      it(`${page}: ${line}`, () => runsIn(shell, line));
    }
  });

  describe('every panel', () => {
    for (const { name, board } of dashboardsCheckedIn()) {
      for (const panel of panelsOf(board)) {
        it(`${name}: ${panel.title}`, async () => {
          for (const { expr, refId } of panel.targets) {
            const mayBeEmpty = EMPTY[`${panel.title} ${refId}`] !== undefined;
            await eventually(() => prometheus.query(filledIn(expr, VARIABLES)), (found) => assert.ok(mayBeEmpty || found.some(({ value }) => !Number.isNaN(value)), `nothing for ${expr}`), SOON);
          }
          const expected = NAMED[panel.title];
          if (expected !== undefined) await becomesTrue(filledIn(panel.targets[0]?.expr ?? '', VARIABLES), expected);
        });
      }

      it(`${name}: the variables offer what is there`, async () => {
        for (const { name: variable, query } of board.templating.list.filter(({ type }) => type === 'query')) {
          const [, series = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(String(query)) ?? [];
          const values = await prometheus.labelValues(label, filledIn(series, VARIABLES));
          if (variable === 'cluster') assert.deepEqual(values, [CLUSTER]);
          else if (variable === 'job') assert.deepEqual(values, [JOB]);
          else assert.deepEqual(values.toSorted(), operators.map(({ url }) => new URL(url).host).toSorted());
        }
      });
    }

    it('those that are about names are all looked at', () => {
      const titles = new Set(dashboardsCheckedIn().flatMap(({ board }) => panelsOf(board).flatMap(({ title, targets }) => [title, ...targets.map(({ refId }) => `${title} ${refId}`)])));
      assert.deepEqual([...Object.keys(NAMED), ...Object.keys(EMPTY)].filter((title) => !titles.has(title)), []);
    });
  });

  describe('then', () => {
    it('an alert goes from Prometheus over Alertmanager to a webhook, and its end does too', async () => {
      const about = (status: string) => () => alertmanager.received.flatMap(({ alerts }) => alerts)
        .filter((alert) => alert.status === status && alert.labels['alertname'] === 'NetpolBaselineOverridden' && alert.labels['direction'] === 'Egress');
      const [alert] = await eventually(about('firing'), (alerts) => assert.ok(alerts.length > 0), SOON);
      assert.deepEqual([alert?.labels['cluster'], alert?.labels['severity']], [CLUSTER, 'warning']);
      assert.equal(alert?.annotations['summary'], '1 namespaces have a default-deny for Egress and are open.');
      assert.match(alert?.annotations['runbook_url'] ?? '', /\/NetpolBaselineOverridden$/);
      await world.deletePolicy('overridden', 'allow-all');
      await eventually(about('resolved'), (alerts) => assert.ok(alerts.length > 0), SOON);
    });

    it('a Deployment without replicas is told by kube-state-metrics alone', async () => {
      await deployment(0);
      await fires('NetpolBaselineOperatorUnavailable', { namespace: OPERATOR_NAMESPACE, deployment: JOB });
      await becomesTrue('count by (cluster) (kube_namespace_created unless on (cluster, namespace) kube_networkpolicy_created)'); // in docs/monitoring.md
    });

    it('refusals of the API server are told as errors, and more namespaces than have names as such', async () => {
      const { labels, spec } = own('many');
      await world.baseline(spec, 'many');
      await world.applied('many');
      const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/namespace-policy-baseline';
      const { body: role } = await world.admin.get(path);
      const without = (rule: Json): Json => ({ ...rule, verbs: rule.verbs.filter((verb: string) => verb !== 'create' && verb !== 'patch') });
      const fewer = role.rules.map((rule: Json) => (rule.apiGroups.includes('networking.k8s.io') || rule.resources.includes('namespacepolicybaselines/status') ? without(rule) : rule)).filter(({ verbs }: Json) => verbs.length > 0);
      const { code, body } = await world.admin.patch(path, { rules: fewer });
      assert.equal(code, 200, JSON.stringify(body));
      await eventually(() => plane.kubectl(['auth', 'can-i', 'create', 'networkpolicies', '-A', `--as=system:serviceaccount:${OPERATOR_NAMESPACE}:${SERVICE_ACCOUNT}`]).then(() => 'yes', () => 'no'), (answer) => assert.equal(answer, 'no'), SOON);
      await world.namespaces(210, { labels });
      await fires('NetpolBaselineAttentionTruncated');
      await fires('NetpolBaselineAPIErrors');
      await fires('NetpolBaselineReconcileErrors');
      await world.admin.patch(path, { rules: role.rules });
    });

    it('a leader that dies leaves the cluster without one, until the other takes over', async () => {
      operators[0]?.kill('SIGKILL');
      await fires('NetpolBaselineNoLeader');
      await becomesTrue('sum(leader_election_master_status) == 1');
    });

    it('isolation that cannot be known is told once a replica without the right leads', async () => {
      const { stdout } = await plane.kubectl(['kustomize', 'config/rbac/isolation']);
      await plane.kubectl(['delete', '-f', '-'], { stdin: stdout });
      const [first, other] = operators;
      other?.kill('SIGKILL');
      const kubeconfig = await plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT);
      operators[0] = await whenServing(await spawnOperator(kubeconfig, ['--status-interval', '1s'], Number(new URL(first?.url ?? '').port)));
      await fires('NetpolBaselineIsolationUnknown', { baseline: 'everywhere-else' });
    });

    it('an operator that cannot be scraped is down; and every alert has fired by then', async () => {
      for (const operator of operators) operator.kill('SIGKILL');
      await fires('NetpolBaselineOperatorDown');
      const fired = await prometheus.query('count by (alertname) (last_over_time(ALERTS{alertstate="firing"}[1h]))');
      const names = new Set(hastyGroups().flatMap(({ rules }) => rules.map(({ alert }) => alert)).filter((name) => name !== undefined));
      assert.deepEqual(fired.map(({ metric }) => metric['alertname'] ?? '').toSorted(), [...names].toSorted());
    });
  });
});
