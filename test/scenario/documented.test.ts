/**
 * What the pages tell people to type does what they say: the commands are taken from the pages, run by a shell with a
 * real kubectl and npb, and what becomes of the cluster is looked at.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import type { Json } from '../support/api.ts';
import { startInstalled } from '../support/control-plane.ts';
import { aShell, type Shell } from '../support/doc-commands.ts';
import { consistently, eventually } from '../support/eventually.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** The pages have a date in them that will have passed one day. */
const NEXT_YEAR = String(new Date().getUTCFullYear() + 1);

/** One page and what it has in fenced blocks. */
function pageOf(path: string) {
  const blocks = [...readFileSync(join(ROOT, path), 'utf8').matchAll(/^ *```(sh|yaml)\n([\s\S]*?)^ *```$/gm)].map(([, language = '', text = '']) => ({ language, text }));
  return {
    /** The only line of the page that begins like this, without its comment. */
    command(beginning: string, nth = 0): string {
      const lines = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.split('\n')).map((line) => line.trim()).filter((line) => line.startsWith(beginning));
      return (lines[nth] ?? assert.fail(`${path} has no command "${beginning}"`)).replace(/ {2,}#.*$/, '').replaceAll('2027-', `${NEXT_YEAR}-`);
    },
    /** The manifest in which this stands. */
    manifest(text: string): string {
      return (blocks.find((block) => block.language === 'yaml' && block.text.includes(text)) ?? assert.fail(`${path} has no manifest with "${text}"`)).text.replaceAll('2027-', `${NEXT_YEAR}-`);
    },
  };
}

describe('documented commands', function () {
  this.timeout(300_000);
  let plane: ControlPlane;
  let world: World;
  let operator: RunningOperator;
  let shell: Shell;

  before(async () => {
    plane = await startInstalled();
    shell = await aShell(plane.adminKubeconfig, { kubectl: plane.kubectlPath });
    world = await aWorld(plane);
    operator = await world.operator({ flags: { 'status-interval': '200ms' } });
  });
  after(async () => {
    await world.end();
    await plane.stop();
    await shell.end();
  });

  const done = async (command: string, stdin?: string): Promise<string> => (await shell.run(command, stdin)).stdout;
  const apply = (manifest: string): Promise<string> => done('kubectl apply --validate=strict -f -', manifest);
  const types = async (namespace: string): Promise<Json> => (await world.policies(namespace)).get('default-deny')?.spec.policyTypes;
  const isolates = (namespace: string, ...directions: string[]) => eventually(() => types(namespace), (found) => assert.deepEqual(found?.toSorted(), directions.length === 0 ? undefined : directions.toSorted()), { withinMs: 15_000 });
  const reset = async (spec: Json, ...namespaces: string[]): Promise<void> => {
    await apply(JSON.stringify({ apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name: 'default' }, spec }));
    for (const name of namespaces) if ((await world.admin.get(`/api/v1/namespaces/${name}`)).code === 404) await world.namespace({ name });
    await world.applied('default');
  };
  const goes = async (): Promise<void> => {
    await world.clear();
    await done('kubectl delete npb --all --wait');
    await done('kubectl delete netpol -A -l app.kubernetes.io/managed-by=namespace-policy-baseline');
    await eventually(() => done('kubectl get ns -o name'), (names) => assert.doesNotMatch(names, /\/(shop|search|payments|legacy-app)\n/), { withinMs: 60_000 });
  };

  describe('docs/emergency.md', () => {
    const page = pageOf('docs/emergency.md');
    beforeEach(() => reset({}, 'shop', 'payments'));
    afterEach(() => done('kubectl delete npb --all --wait && kubectl delete netpol -n shop --ignore-not-found emergency-allow-all'));
    after(goes);

    it('asks whether it is the baseline', async () => {
      await isolates('shop', 'Ingress', 'Egress');
      const pod = (name: string, namespace: string) => world.create(`/api/v1/namespaces/${namespace}/pods`, { metadata: { name, namespace }, spec: { automountServiceAccountToken: false, containers: [{ name: 'a', image: 'a', ports: [{ containerPort: 8080 }] }] } });
      for (const namespace of ['shop', 'payments']) await world.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'default', namespace } }).catch(() => undefined);
      await pod('web', 'shop');
      await pod('api', 'payments');
      const { code, stdout } = await shell.ask(page.command('npb explain'));
      assert.equal(code, 1);
      assert.match(stdout, /^DENIED[\s\S]*payments\/default-deny/);
      assert.match(await done(page.command('kubectl get netpol -n shop')), /default-deny[\s\S]*managed-by=namespace-policy-baseline/);
    });

    it('opens one namespace by one policy, which is reported and not fought', async () => {
      await isolates('shop', 'Ingress', 'Egress');
      await apply(page.manifest('emergency-allow-all'));
      await eventually(() => world.getBaseline('default'), ({ status }) => assert.equal(status.namespaces.overridden, 1));
      assert.match(JSON.stringify((await world.getBaseline('default')).status.worst), /NetworkPolicy emergency-allow-all.*"namespace":"shop","reason":"Overridden"/);
    });

    it('exempts one namespace until an end', async () => {
      await isolates('shop', 'Ingress', 'Egress');
      await done(page.command('kubectl patch npb default --type merge -p \'{"spec":{"exemptions"'));
      await world.becomes('shop');
      await isolates('payments', 'Ingress', 'Egress');
    });

    it('gives up one direction in all namespaces, which is not held, and takes it back', async () => {
      const command = page.command('kubectl patch npb default --type merge -p \'{"spec":{"egress"');
      await done(command);
      for (const namespace of ['default', 'shop', 'payments']) await isolates(namespace, 'Ingress');
      await world.becomes('shop', 'default-deny');
      await done(command.replace('Audit', 'Enforce'));
      for (const namespace of ['default', 'shop', 'payments']) await isolates(namespace, 'Ingress', 'Egress');
    });

    it('stops the operator from writing', async () => {
      await isolates('shop', 'Ingress', 'Egress');
      await done(page.command('kubectl patch npb default --type merge -p \'{"spec":{"paused"'));
      await eventually(() => world.getBaseline('default'), ({ status }) => assert.equal(status.conditions.find(({ type }: Json) => type === 'Paused').status, 'True'));
      await world.deletePolicy('shop', 'default-deny');
      await eventually(() => world.getBaseline('default'), ({ status }) => assert.match(JSON.stringify(status.worst ?? []), /"namespace":"shop","reason":"Paused","state":"pending"/));
      await consistently(() => types('shop'), (found) => assert.equal(found, undefined), 500);
    });

    it('names DNS that is elsewhere', async () => {
      await done(page.command('kubectl patch npb default --type merge -p \'{"spec":{"dns"'));
      await eventually(() => world.policies('shop'), (found) => assert.deepEqual(found.get('allow-dns')?.spec.egress[0].to, [{ ipBlock: { cidr: '169.254.20.10/32' } }]));
    });

    it('finds the namespaces of webhooks', async () => {
      await world.create('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
        metadata: { name: 'documented' }, webhooks: [{
          name: 'a.example.com', admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Ignore', clientConfig: { service: { name: 'hook', namespace: 'gatekeeper-system' } },
          rules: [{ apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['examples'] }],
        }],
      });
      assert.equal(await done(page.command('kubectl get validatingwebhookconfigurations')), 'gatekeeper-system');
    });

    it('removes everything while the operator is down, and all of it comes back with the operator', async () => {
      await isolates('payments', 'Ingress', 'Egress');
      await done('kubectl apply --server-side -k config/default');
      await done(page.command('kubectl scale deployment'));
      await operator.stop();
      await done(page.command('kubectl delete netpol -A'));
      for (const namespace of ['default', 'shop', 'payments']) await world.becomes(namespace);
      operator = await world.operator({ flags: { 'status-interval': '200ms' } });
      for (const namespace of ['default', 'shop', 'payments']) await isolates(namespace, 'Ingress', 'Egress');
    });
  });

  describe('docs/rollout.md', () => {
    const page = pageOf('docs/rollout.md');
    after(goes);

    it('looks, without anything installed', async () => {
      for (const name of ['shop', 'search', 'payments']) await world.namespace({ name });
      assert.match((await shell.ask(page.command('npb audit'))).stdout, /shop +FAIL/);
      assert.match((await shell.ask(page.command('npb preview'))).stdout, /shop/);
    });

    it('audits: nothing is written', async () => {
      await done(page.command('kubectl apply -f config/samples/audit-first.yaml'));
      await world.status('default', ({ namespaces }) => assert.deepEqual([namespaces.audited, namespaces.protected], [4, 0]));
      for (const namespace of ['default', 'shop', 'search', 'payments']) await world.becomes(namespace);
    });

    it('takes in ingress of a few namespaces, and takes it back', async () => {
      await done(page.command('kubectl label namespace'));
      const enforce = page.command('kubectl patch npb default --type merge -p \'{"spec":{"namespaceSelector"');
      await done(enforce);
      for (const namespace of ['shop', 'search']) await isolates(namespace, 'Ingress');
      for (const namespace of ['default', 'payments']) await world.becomes(namespace);
      await done(`kubectl patch npb default --type merge -p '{"spec":{"ingress":{"mode":"Audit"}}}'`);
      for (const namespace of ['shop', 'search']) await world.becomes(namespace);
      await done(enforce);
      for (const namespace of ['shop', 'search']) await isolates(namespace, 'Ingress');
    });

    it('takes in ingress everywhere, without the exempt one', async () => {
      await world.namespace({ name: 'legacy-app' });
      await apply(page.manifest('callers unknown'));
      await done(`kubectl patch npb default --type json -p '[{"op":"replace","path":"/spec/namespaceSelector","value":{}}]'`);
      for (const namespace of ['default', 'shop', 'search', 'payments']) await isolates(namespace, 'Ingress');
      await world.becomes('legacy-app');
    });

    it('takes in egress by a second baseline, and nothing opens when the first takes over', async () => {
      await done('kubectl label namespace shop example.com/egress-baseline=yes');
      await apply(page.manifest('example.com/egress-baseline'));
      await isolates('shop', 'Ingress', 'Egress');
      await isolates('search', 'Ingress');
      const uid = async (name: string): Promise<string> => (await world.policy('shop', name)).metadata.uid;
      const before = [await uid('default-deny'), await uid('allow-dns')];
      await done(page.command('kubectl patch npb default --type merge -p \'{"spec":{"egress"'));
      await isolates('search', 'Ingress', 'Egress');
      await world.deleteBaseline('egress');
      await eventually(() => world.policy('shop', 'allow-dns'), ({ metadata }) => assert.equal(metadata.labels['netbaseline.io/baseline'], 'default'));
      assert.deepEqual([await uid('default-deny'), await uid('allow-dns')], before);
      assert.deepEqual((await types('shop')).toSorted(), ['Egress', 'Ingress']);
    });
  });

  describe('docs/migrating-from-kyverno.md', () => {
    const page = pageOf('docs/migrating-from-kyverno.md');
    after(goes);

    it('takes over what was generated, in place and without the marks of Kyverno, then refuses others', async () => {
      const marks = (rule: string): Json => ({ labels: { 'app.kubernetes.io/managed-by': 'kyverno', 'generate.kyverno.io/policy-name': 'add-networkpolicy', 'generate.kyverno.io/rule-name': rule } });
      await world.namespace({ name: 'shop' });
      await world.createPolicy('shop', 'allow-from-ingress', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }] }] }, marks('from-ingress'));
      await world.createPolicy('shop', 'default-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }, marks('default-deny'));
      const uids = async (): Promise<Json> => Object.fromEntries([...await world.policies('shop')].map(([name, { metadata }]) => [name, metadata.uid]));
      const before = await uids();
      await apply(page.manifest('kind: NamespacePolicyBaseline'));
      await world.applied('default');
      assert.deepEqual(await uids(), before);

      await done(page.command('kubectl patch npb default --type merge -p \'{"spec":{"ingress"'));
      await done(page.command('kubectl patch npb default --type merge -p \'{"spec":{"egress"'));
      await world.becomes('shop', 'allow-dns', 'allow-from-ingress', 'default-deny');
      await isolates('shop', 'Ingress', 'Egress');
      const { 'allow-dns': _, ...kept } = await uids();
      assert.deepEqual(kept, before);
      assert.equal((await done(page.command('kubectl get netpol -A -l'))).trim(), '');

      await done(page.command('kubectl patch npb default --type merge -p \'{"spec":{"adoptionPolicy"'));
      assert.equal((await world.applied('default')).namespaces.conflicted, 0);
    });
  });
});
