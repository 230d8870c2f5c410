import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { objectsOf, type Snapshot } from '../../../../src/analyze/snapshot.ts';
import { namespacesOf, podsOf } from '../../../../src/analyze/world.ts';
import { joinValues } from '../../../../src/cli/command.ts';
import { loadSnapshot } from '../../../../src/cli/sources/source.ts';
import type { KindName } from '../../../../src/kube/kinds.ts';
import { memoryHost, type MemoryHostOptions } from '../../../support/host.ts';

const KINDS: readonly KindName[] = ['Namespace', 'NetworkPolicy', 'Service'];

describe('manifests from files', () => {
  let folder: string;
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'npb-files-')); });
  afterEach(() => rm(folder, { recursive: true }));

  async function write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
  }

  /** Messages with the folder left out. */
  async function load(paths: readonly string[], { kinds = KINDS, flags = {}, ...options }: MemoryHostOptions & { kinds?: readonly KindName[]; flags?: Record<string, string> } = {}): Promise<{ snapshot: Snapshot; notes: string }> {
    const host = memoryHost(options);
    const filename = joinValues(paths.map((path) => (path === '-' ? path : path.startsWith('http') ? path : join(folder, path))));
    const snapshot = await loadSnapshot(host, { filename, ...flags }, kinds);
    return { snapshot, notes: host.err().replaceAll(`${folder}/`, '') };
  }

  async function refusal(paths: readonly string[], options: Parameters<typeof load>[1] = {}): Promise<string> {
    const error = await load(paths, options).then(() => assert.fail('it was read'), (thrown: unknown) => thrown as Error);
    assert.ok(['SourceError', 'UsageError'].includes(error.name), error.stack);
    return error.message.replaceAll(`${folder}/`, '').replaceAll(folder, 'FOLDER');
  }

  const names = (snapshot: Snapshot, kind: KindName): string[] => objectsOf(snapshot, kind).map(({ object: { metadata: { namespace, name } } }) => (namespace === undefined ? name : `${namespace}/${name}`));
  const policy = (name: string, more = ''): string => `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}${more}}\nspec: {podSelector: {}}\n`;

  it('takes files, folders with all that is below them, and stdin, each file once', async () => {
    await write({ 'a.yaml': policy('a'), 'deep/er/b.yml': policy('b'), 'deep/c.json': JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'c' } }), 'deep/README.md': 'no', '.git/x.yaml': ':', 'node_modules/y.yaml': ':' });
    await symlink(join(folder, 'a.yaml'), join(folder, 'deep', 'link.yaml'));
    await symlink(folder, join(folder, 'deep', 'loop'));
    const { snapshot, notes } = await load(['a.yaml', '.', '-'], { stdin: policy('d') });
    assert.deepEqual([names(snapshot, 'NetworkPolicy'), names(snapshot, 'Namespace'), names(snapshot, 'Service')], [['default/a', 'default/b', 'default/d'], ['c'], []]);
    assert.deepEqual([snapshot.source, snapshot.unread, snapshot.objects.has('Pod')], ['files', [], false]);
    assert.equal(notes, 'Skipped 1 file that is neither YAML nor JSON: deep/README.md.\nDid not follow 1 link to a folder: deep/loop.\n');
    assert.deepEqual(objectsOf(snapshot, 'NetworkPolicy').map(({ origin }) => [origin?.file.replace(`${folder}/`, ''), origin?.line]), [['a.yaml', 1], ['deep/er/b.yml', 1], ['stdin', 1]]);
  });

  it('takes what helm, kustomize and kubectl write', async () => {
    const helm = `---\n# Source: chart/templates/policy.yaml\n${policy('helm')}---\n# Source: chart/templates/empty.yaml\n---\n`;
    const list = `apiVersion: v1\nkind: List\nitems:\n- ${policy('in-list').trimEnd().replaceAll('\n', '\n  ')}\n`;
    const raw = JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicyList', metadata: {}, items: [{ metadata: { name: 'raw', namespace: 'x' }, spec: {} }] });
    await write({ 'helm.yaml': helm, 'list.yaml': list, 'raw.json': raw });
    const { snapshot } = await load(['.']);
    assert.deepEqual(names(snapshot, 'NetworkPolicy'), ['default/helm', 'default/in-list', 'x/raw']);
    const [helmed, listed, fromRaw] = objectsOf(snapshot, 'NetworkPolicy');
    assert.deepEqual([helmed?.origin?.line, listed?.origin?.line, listed?.origin?.lineOf(['spec', 'podSelector'])], [3, 4, 7]);
    assert.deepEqual(fromRaw?.object, { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'raw', namespace: 'x' }, spec: {} });
  });

  it('fills in the namespace that is missing, by -n or default, and takes it from what has none', async () => {
    await write({ 'a.yaml': `${policy('a')}---\n${policy('b', ', namespace: own')}---\n{apiVersion: v1, kind: Namespace, metadata: {name: ns, namespace: strange}}` });
    assert.deepEqual(names((await load(['a.yaml'])).snapshot, 'NetworkPolicy'), ['default/a', 'own/b']);
    const { snapshot } = await load(['a.yaml'], { flags: { namespace: 'shop' } });
    assert.deepEqual([names(snapshot, 'NetworkPolicy'), names(snapshot, 'Namespace')], [['own/b', 'shop/a'], ['ns']]);
  });

  it('leaves specs as they are written, nulls and missing fields included', async () => {
    await write({ 'a.yaml': 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: a\n  labels:\nspec:\n  ingress:\n  - from:\n    ports: null\n  -\n' });
    const [found] = objectsOf((await load(['a.yaml'])).snapshot, 'NetworkPolicy');
    assert.deepEqual(found?.object, { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'a', namespace: 'default' }, spec: { ingress: [{ from: null, ports: null }, null] } });
  });

  it('reads workloads along with pods, since they stand for theirs', async () => {
    await write({ 'a.yaml': '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}' });
    assert.deepEqual(names((await load(['a.yaml'], { kinds: ['Pod'] })).snapshot, 'Deployment'), ['default/web']);
    assert.equal((await load(['a.yaml'])).snapshot.objects.has('Deployment'), false);
  });

  it('says on stderr what it ignored', async () => {
    const other = (kind: string, apiVersion = 'v1') => `---\n{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: x}}\n`;
    await write({ 'a.yaml': policy('a') + other('Secret') + other('ConfigMap') + other('Secret') + other('NetworkPolicy', 'example.org/v1') + other('Pod'), 'values.yaml': 'replicas: 1\n' });
    assert.equal((await load(['.'])).notes, [
      'Skipped parts that are no Kubernetes objects: values.yaml.',
      'Ignored 4 objects of kinds that say nothing here: Secret 2, ConfigMap 1, NetworkPolicy of example.org/v1 1.', '',
    ].join('\n'));
  });

  it('says on stderr which policies an API server would refuse', async () => {
    await write({ 'a.yaml': '{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {ingress: [{from: [{}], ports: [{port: "80"}]}]}}' });
    assert.match((await load(['.'])).notes, /^a\.yaml:\d+: an API server refuses NetworkPolicy default\/a, which counts as absent: a peer must have .*\n$/);
  });

  for (const [apiVersion, kind, message] of [
    ['networking.k8s.io/v1', 'networkpolicy', 'there is no kind networkpolicy in networking.k8s.io; write NetworkPolicy'],
    ['networking.k8s.io/v1', 'NetworkPolcy', 'there is no kind NetworkPolcy in networking.k8s.io; write NetworkPolicy'],
    ['extensions/v1beta1', 'NetworkPolicy', 'no API server has this kind in extensions/v1beta1; write apiVersion: networking.k8s.io/v1'],
    ['networking.k8s.io/v1beta1', 'NetworkPolicy', 'API servers do not serve networking.k8s.io/v1beta1 any more, so it is not read; write apiVersion: networking.k8s.io/v1'],
    ['v1', 'NetworkPolicy', 'no API server has this kind in v1; write apiVersion: networking.k8s.io/v1'],
  ] as const) {
    it(`does not leave out in silence a ${kind} of ${apiVersion}`, async () => {
      await write({ 'a.yaml': `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}\n` });
      assert.equal(await refusal(['.']), `a.yaml:${kind === 'NetworkPolicy' ? 1 : 2}: ${kind} a: ${message}`);
    });
  }

  it('does not take a policy for the cluster, or a baseline, in a version that it does not know', async () => {
    await write({ 'a.yaml': '# first\napiVersion: policy.networking.k8s.io/v1beta7\nkind: ClusterNetworkPolicy\nmetadata: {name: a}\n' });
    assert.equal(await refusal(['.'], { kinds: ['ClusterNetworkPolicy'] }), 'a.yaml:2: ClusterNetworkPolicy a: it is not read in policy.networking.k8s.io/v1beta7, only in policy.networking.k8s.io/v1alpha2');
    await write({ 'a.yaml': '{apiVersion: netbaseline.io/v2, kind: NamespacePolicyBaseline, metadata: {name: a}}\n' });
    assert.equal(await refusal(['.'], { kinds: ['NamespacePolicyBaseline'] }), 'a.yaml:1: NamespacePolicyBaseline a: it is not read in netbaseline.io/v2, only in netbaseline.io/v1alpha1');
  });

  it('says of each object that no API server serves in its version where it is, and does not read it', async () => {
    const old = (apiVersion: string, kind: string): string => `---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: web, namespace: shop}\n`;
    await write({ 'a.yaml': policy('a') + old('apps/v1beta1', 'Deployment') + old('extensions/v1beta1', 'DaemonSet') + old('batch/v1', 'Job'), 'b.yaml': old('gateway.networking.k8s.io/v9', 'HTTPRoute') });
    const { snapshot, notes } = await load(['.'], { kinds: [...KINDS, 'Pod', 'HTTPRoute'] });
    assert.deepEqual(notes.split('\n'), [
      'a.yaml:6: Deployment shop/web: API servers do not serve apps/v1beta1 any more, so it is not read; write apiVersion: apps/v1',
      'a.yaml:10: DaemonSet shop/web: API servers do not serve extensions/v1beta1 any more, so it is not read; write apiVersion: apps/v1',
      'b.yaml:2: HTTPRoute shop/web: it is not read in gateway.networking.k8s.io/v9, only in gateway.networking.k8s.io/v1 and gateway.networking.k8s.io/v1beta1', '',
    ]);
    assert.deepEqual((['Deployment', 'DaemonSet', 'Job', 'HTTPRoute'] as const).map((kind) => names(snapshot, kind)), [[], [], ['shop/web'], []]);
    assert.equal((await load(['.'])).notes, '', 'nor is it told of what nobody asked for');
  });

  it('reads what is not evaluated in any version: it makes an answer unknown in all of them', async () => {
    await write({ 'a.yaml': '{apiVersion: cilium.io/v2alpha1, kind: CiliumNetworkPolicy, metadata: {name: a}}' });
    assert.deepEqual(names((await load(['.'], { kinds: ['CiliumNetworkPolicy'] })).snapshot, 'CiliumNetworkPolicy'), ['default/a']);
  });

  describe('pod templates of kinds that are not known', () => {
    const rollout = (more = '', template = '{metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}'): string =>
      `apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web, namespace: shop${more}}\nspec:\n  template: ${template}\n`;
    const podNames = (snapshot: Snapshot): string[] => podsOf(snapshot).map((pod) => `${pod.namespace}/${pod.name} ${[...pod.labels].join()} ${pod.workload?.kind}`);

    it('stand for a pod, and are named', async () => {
      await write({ 'a.yaml': rollout() + '---\n{apiVersion: v1, kind: ReplicationController, metadata: {name: old}, spec: {template: {spec: {containers: [{name: c}]}}}}\n' });
      const { snapshot, notes } = await load(['.'], { kinds: ['Pod'] });
      assert.deepEqual(podNames(snapshot), ['default/replicationcontroller/old  ReplicationController', 'shop/rollout/web app,web Rollout']);
      assert.deepEqual(namespacesOf(snapshot).map(({ name }) => name), ['default', 'shop']);
      assert.equal(notes, 'Read only the pod template of 2 objects of kinds that are not known: ReplicationController default/old, Rollout shop/web.\n');
    });
    it('where no pods are asked for, they say nothing', async () => {
      await write({ 'a.yaml': policy('a') + '---\n' + rollout() });
      assert.equal((await load(['.'])).notes, 'Ignored 1 object of kinds that say nothing here: Rollout 1.\n');
    });
    it('a template without containers is none', async () => {
      for (const template of ['{spec: {}}', '{spec: {containers: []}}', '{spec: {containers: [web]}}', 'text', '{spec: {containers: {a: {}}}}']) {
        await write({ 'a.yaml': policy('a') + '---\n' + rollout('', template) });
        assert.match((await load(['.'], { kinds: ['Pod'] })).notes, /^Ignored 1 object of kinds that say nothing here: Rollout 1\./m, template);
      }
    });
    it('a mistake in it is told with its line, and so is the same object twice', async () => {
      await write({ 'a.yaml': rollout('', '{metadata: {labels: {app: 1}}, spec: {containers: [{}]}}') });
      assert.equal(await refusal(['.'], { kinds: ['Pod'] }), 'a.yaml:5: Rollout shop/web: spec.template.metadata.labels.app: expected a string, found the number 1 (quotes make it a string)');
      await write({ 'a.yaml': rollout(), 'b.yaml': rollout() });
      assert.equal(await refusal(['.'], { kinds: ['Pod'] }), 'b.yaml:1: Rollout shop/web is there twice, also at a.yaml:1');
    });
    it('what belongs to it, or a pod of its own, stands for itself', async () => {
      const owner = 'ownerReferences: [{kind: Rollout, name: web, controller: true}]';
      await write({ 'a.yaml': rollout(), 'b.yaml': `{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-1, namespace: shop, ${owner}}, spec: {template: {spec: {containers: [{name: c}]}}}}` });
      assert.deepEqual(podNames((await load(['.'], { kinds: ['Pod'] })).snapshot), ['shop/rollout/web app,web Rollout']);
      await write({ 'b.yaml': `{apiVersion: v1, kind: Pod, metadata: {name: web-0, namespace: shop, ${owner}}, spec: {containers: [{name: c}]}}` });
      assert.deepEqual(podNames((await load(['.'], { kinds: ['Pod'] })).snapshot), ['shop/web-0  Rollout']);
    });
  });

  it('names both places of an object that is there twice', async () => {
    await write({ 'a.yaml': `# first\n${policy('a', ', namespace: x')}`, 'b/b.yaml': `${policy('b')}---\n${policy('a', ', namespace: x')}`, 'b/kustomization.yaml': 'resources: []' });
    assert.equal(await refusal(['.']), 'b/b.yaml:6: NetworkPolicy x/a is there twice, also at a.yaml:2\n'
      + 'There is a kustomization among the files: build it and read what comes out, kubectl kustomize FOLDER | npb … -f -');
  });

  it('takes objects whose names the API server makes, as often as they come', async () => {
    const generated = '{apiVersion: batch/v1, kind: Job, metadata: {generateName: migrate-}}\n';
    await write({ 'a.yaml': `${generated}---\n${generated}` });
    assert.deepEqual(names((await load(['a.yaml'], { kinds: ['Job'] })).snapshot, 'Job'), ['default/migrate-', 'default/migrate-']);
  });

  it('tells all that is wrong at once, each with file, line and cause', async () => {
    await write({
      'a.yaml': 'kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nmetadata:\n  name: a\n  labels:\n    on: yes\n    version: 1\nspec:\n  ingress:\n    from: []\n  egress:\n  - to:\n    - ipBlock: 10.0.0.0/8\n    ports:\n    - port: [80]\n    - 80\n',
      'b.yaml': 'a: 1\n  b: 2\n',
      'c.yaml': '{apiVersion: v1, kind: Service, metadata: {}}\n---\n{apiVersion: v1, kind: Service}\n---\n{apiVersion: v1, kind: Service, metadata: {name: [x]}}\n',
    });
    assert.equal(await refusal(['.']), [
      'a.yaml:6: NetworkPolicy a: metadata.labels.on: expected a string, found yes, which YAML reads as true (quotes make it a string)'.replace('labels.on', 'labels.true'),
      'a.yaml:7: NetworkPolicy a: metadata.labels.version: expected a string, found the number 1 (quotes make it a string)',
      'a.yaml:9: NetworkPolicy a: spec.ingress: expected a list, found a mapping',
      'a.yaml:13: NetworkPolicy a: spec.egress[0].to[0].ipBlock: expected a mapping, found "10.0.0.0/8"',
      'a.yaml:15: NetworkPolicy a: spec.egress[0].ports[0].port: expected a number or a string, found a list',
      'a.yaml:16: NetworkPolicy a: spec.egress[0].ports[1]: expected a mapping, found the number 80',
      'b.yaml:1:4: Nested mappings are not allowed in compact mappings',
      'c.yaml:1: Service: metadata.name: it has no name',
      'c.yaml:3: Service: metadata.name: it has no name',
      'c.yaml:5: Service: metadata.name: expected a string, found a list',
    ].join('\n'));
  });

  it('shows the first ten problems of very many', async () => {
    await write(Object.fromEntries(Array.from({ length: 14 }, (_, index) => [`${index}.yaml`, 'a: 1\n  b: 2\n'])));
    const lines = (await refusal(['.'])).split('\n');
    assert.deepEqual([lines.length, lines.at(-1)], [11, 'and 4 more']);
  });

  it('knows a template that was not rendered, and one that was', async () => {
    await write({ 'a.yaml': `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {{ .Release.Name }}\n  {{- if .Values.x }}\n` });
    assert.match(await refusal(['a.yaml']), /^a\.yaml:\d[^]*\na\.yaml: it looks like a template of a chart: render it and read what comes out, helm template CHART \| … -f -$/);
    await write({ 'b.yaml': policy('b', ', annotations: {text: "{{ .stays }}"}') });
    assert.deepEqual(names((await load(['b.yaml'])).snapshot, 'NetworkPolicy'), ['default/b']);
  });

  it('refuses what is not there, what is empty and what holds no object, with exit code 2', async () => {
    await write({ 'values.yaml': 'a: 1\n', 'empty.yaml': '---\n# nothing\n', 'docs/README.md': '', 'latin.yaml': Uint8Array.of(0x61, 0x3a, 0xe9) });
    await mkdir(join(folder, 'empty'));
    assert.deepEqual(await Promise.all([
      refusal(['nothing.yaml']), refusal(['empty']), refusal(['docs']), refusal(['values.yaml']), refusal(['empty.yaml', 'values.yaml']), refusal(['-'], { stdin: '' }), refusal(['latin.yaml']), refusal(['https://example.com/a.yaml']),
    ]), [
      'nothing.yaml: there is no such file or folder',
      'empty: there is no file *.yaml, *.yml or *.json in this folder; it is empty',
      'docs: there is no file *.yaml, *.yml or *.json in this folder; it holds 1 other file only',
      'values.yaml: there is no Kubernetes object in it',
      'empty.yaml, values.yaml: there is no Kubernetes object in these 2 files',
      'stdin: there is no Kubernetes object in it',
      'latin.yaml: it is not text in UTF-8',
      'https://example.com/a.yaml: addresses are not fetched; download it first, or pipe it: curl -fsSL https://example.com/a.yaml | … -f -',
    ]);
  });

  it('reads what editors and PowerShell make of a text', async () => {
    const utf16 = Buffer.from(`\ufeff${policy('b')}`, 'utf16le');
    await write({ 'a.yaml': `\ufeff${policy('a')}`, 'b.yaml': utf16, 'c.yaml': policy('c').replaceAll('\n', '\r\n') });
    assert.deepEqual(names((await load(['.'])).snapshot, 'NetworkPolicy'), ['default/a', 'default/b', 'default/c']);
  });

  it('spells out what would confuse a terminal', async () => {
    await write({ 'a\u001b[31m.yaml': 'a: 1\n  b: 2\n' });
    assert.match(await refusal(['.']), /^a\\u001b\[31m\.yaml:1:4: /);
  });

  it('is not harmed by objects that want to', async () => {
    const deep = `{"apiVersion":"v1","kind":"Service","metadata":{"name":"deep"},"spec":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const lists = `${'{"apiVersion":"v1","kind":"List","items":['.repeat(20_000)}${']}'.repeat(20_000)}`;
    const names_ = '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"constructor","labels":{"__proto__":"x","constructor":"y"}}}';
    await write({ 'deep.json': deep });
    assert.equal(await refusal(['deep.json']), 'deep.json:1: Service deep: it is nested more than 250 levels deep');
    await write({ 'deep.json': lists, 'names.json': names_ });
    const [found] = objectsOf((await load(['.'])).snapshot, 'Namespace');
    assert.deepEqual(Object.entries(found?.object.metadata.labels ?? {}), [['__proto__', 'x'], ['constructor', 'y']]);
  });

  it('drops what is large and says nothing', async () => {
    await write({ 'a.yaml': '{apiVersion: v1, kind: Namespace, metadata: {name: a, managedFields: [{manager: x}], annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}", own: x}}}\n' });
    assert.deepEqual(objectsOf((await load(['a.yaml'])).snapshot, 'Namespace')[0]?.object.metadata, { name: 'a', annotations: { own: 'x' } });
  });
});
