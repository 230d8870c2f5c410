/** Kinds that come and go with their CRD: over a scripted API server, with time that stands still until told to go on. */
import assert from 'node:assert/strict';
import type { KubeClient, WatchSink } from '../../../src/kube/client.ts';
import { KubeError, type KubeErrorKind } from '../../../src/kube/errors.ts';
import { identity, type WireObject } from '../../../src/kube/objects.ts';
import type { Resource } from '../../../src/kube/resources.ts';
import { startServedKinds, type ServedKinds } from '../../../src/watch/served-kinds.ts';
import { manualClock, type ManualClock } from '../../support/clock.ts';
import { memoryLogger } from '../../support/log.ts';

const TOWELS: Resource = { group: 'bath.example', version: 'v1', plural: 'towels' };
const SOAPS: Resource = { group: 'bath.example', version: 'v1', plural: 'soaps' };

interface Opened { readonly resource: Resource; readonly signal: AbortSignal; readonly sink: WatchSink; fail(kind: KubeErrorKind): void }

interface Scene {
  readonly clock: ManualClock;
  readonly kinds: ServedKinds;
  readonly opened: Opened[];
  readonly heard: string[];
  /** The watch of a resource that is open now. */
  of(plural: string): Opened | undefined;
  readonly health: () => number;
}

const failure = (kind: KubeErrorKind): KubeError => new KubeError(kind, { kind });
const object = (name: string, version: number, namespace?: string, uid = `uid-${name}`): WireObject => ({ metadata: { name, uid, resourceVersion: String(version), ...(namespace === undefined ? {} : { namespace }) } });

const scenes: Scene[] = [];
function aScene(): Scene {
  const clock = manualClock();
  const opened: Opened[] = [];
  const heard: string[] = [];
  let told = 0;
  const client: Pick<KubeClient, 'watch' | 'listPage'> = {
    watch<W extends WireObject>(resource: Resource<W>, _query: object, sink: WatchSink<W>, signal: AbortSignal) {
      return new Promise<void>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(failure('Aborted')));
        opened.push({ resource, signal, sink, fail: (kind) => reject(failure(kind)) });
      });
    },
    listPage: () => Promise.reject(failure('Unavailable')),
  };
  const kinds = startServedKinds({
    client, clock, log: memoryLogger(), settings: {},
    kinds: [TOWELS, SOAPS].map((resource) => ({ kind: resource.plural, resource, namespaced: true, parse: ({ metadata }: WireObject) => ({ ...identity(metadata), namespace: metadata.namespace }) })),
    onChange: (kind, { namespace, name, before, after }) => heard.push(`${kind} ${namespace}/${name} ${before?.resourceVersion ?? '-'}>${after?.resourceVersion ?? '-'}`),
    onHealth: () => { told += 1; },
  });
  const scene: Scene = { clock, kinds, opened, heard, of: (plural) => opened.findLast(({ resource, signal }) => resource.plural === plural && !signal.aborted), health: () => told };
  scenes.push(scene);
  return scene;
}

/** A complete list of what is there, in the open watch. */
function lists(watch: Opened | undefined, version: number, ...objects: WireObject[]): void {
  assert.ok(watch !== undefined, 'it is not watched');
  watch.sink.alive();
  for (const each of objects) watch.sink.frame({ kind: 'Applied', object: each });
  watch.sink.frame({ kind: 'Bookmark', version: String(version), initialEnd: true });
}

const CRDS = 'customresourcedefinitions';
const TOWEL_CRD = 'towels.bath.example';

describe('kinds that are served', () => {
  afterEach(async () => { for (const { kinds } of scenes.splice(0)) await kinds.stop(); });

  it('are watched if their CRD is there, and others are not asked for', async () => {
    const { of, opened, heard, clock } = aScene();
    await clock.settle();
    assert.deepEqual(opened.map(({ resource }) => [resource.plural, resource.metadataOnly]), [[CRDS, true]]);
    lists(of(CRDS), 9, object(TOWEL_CRD, 3), object('sponges.bath.example', 4));
    await clock.settle();
    assert.deepEqual(opened.map(({ resource }) => resource.plural), [CRDS, 'towels']);
    lists(of('towels'), 9, object('a', 5, 'x'));
    assert.deepEqual(heard, ['towels x/a ->5']);
  });

  it('begin when their CRD comes, and are soon asked again where the API server is not ready for them', async () => {
    const { of, opened, clock, kinds } = aScene();
    await clock.settle();
    lists(of(CRDS), 9);
    of(CRDS)?.sink.frame({ kind: 'Applied', object: object(TOWEL_CRD, 10) });
    await clock.settle();
    of('towels')?.fail('NotFound');
    await clock.settle();
    assert.deepEqual(kinds.sources().map(({ health: { resource, synced }, isNew }) => [resource, synced, isNew]), [[CRDS, true, false], [TOWEL_CRD, false, true]]);
    await clock.advance(400);
    assert.equal(opened.filter(({ resource }) => resource.plural === 'towels').length, 2);
    lists(of('towels'), 10);
    assert.ok(kinds.sources().every(({ health }) => health.synced));
  });

  it('are not new for long, and not new at all where their CRD was there at the start', async () => {
    const { of, clock, kinds, health } = aScene();
    await clock.settle();
    lists(of(CRDS), 9, object(TOWEL_CRD, 3));
    of(CRDS)?.sink.frame({ kind: 'Applied', object: object('soaps.bath.example', 10) });
    const isNew = () => kinds.sources().map((source) => source.isNew);
    await clock.settle();
    assert.deepEqual(isNew(), [false, false, true]);
    const before = health();
    await clock.advance(15_000);
    assert.deepEqual(isNew(), [false, false, false]);
    assert.ok(health() > before, 'nobody would look at it otherwise');
  });

  it('end with their CRD, and all that was known of them is taken back', async () => {
    const { of, heard, clock, kinds } = aScene();
    await clock.settle();
    lists(of(CRDS), 9, object(TOWEL_CRD, 3));
    await clock.settle();
    const watch = of('towels');
    lists(watch, 9, object('a', 5, 'x'), object('b', 6, 'y'));
    of(CRDS)?.sink.frame({ kind: 'Deleted', object: object(TOWEL_CRD, 12) });
    assert.deepEqual(heard.slice(2), ['towels x/a 5>-', 'towels y/b 6>-']);
    assert.equal(watch?.signal.aborted, true);
    assert.equal(kinds.sources().length, 1);
    watch?.sink.frame({ kind: 'Applied', object: object('c', 13, 'x') });
    assert.equal(heard.length, 4, 'what comes late is not heard');
  });

  it('of another CRD by the same name are others', async () => {
    const { of, heard, clock, opened } = aScene();
    await clock.settle();
    lists(of(CRDS), 9, object(TOWEL_CRD, 3));
    await clock.settle();
    lists(of('towels'), 9, object('a', 5, 'x'));
    of(CRDS)?.sink.frame({ kind: 'Applied', object: object(TOWEL_CRD, 12, undefined, 'another uid') });
    await clock.settle();
    assert.deepEqual(heard, ['towels x/a ->5', 'towels x/a 5>-']);
    assert.equal(opened.filter(({ resource, signal }) => resource.plural === 'towels' && !signal.aborted).length, 1);
  });

  it('are asked for at once when the CRD changes that did not serve their version', async () => {
    const { of, opened, clock } = aScene();
    await clock.settle();
    lists(of(CRDS), 9, object(TOWEL_CRD, 3));
    await clock.settle();
    for (let turn = 0; turn < 8; turn += 1) {
      of('towels')?.fail('NotFound');
      await clock.advance(120_000);
    }
    const before = opened.length;
    of('towels')?.fail('NotFound');
    await clock.settle();
    of(CRDS)?.sink.frame({ kind: 'Applied', object: object(TOWEL_CRD, 12) });
    await clock.settle();
    assert.equal(opened.length, before + 1);
  });

  it('say when something about them may be different', async () => {
    const { of, clock, health } = aScene();
    await clock.settle();
    lists(of(CRDS), 9, object(TOWEL_CRD, 3));
    await clock.settle();
    const before = health();
    of('towels')?.fail('Forbidden');
    await clock.settle();
    assert.ok(health() > before);
  });
});
