/** The watches behind isolation: when they begin, and what is said of those that cannot be relied on. */
import assert from 'node:assert/strict';
import type { KubeClient, WatchSink } from '../../../../src/kube/client.ts';
import { KubeError, type KubeErrorKind } from '../../../../src/kube/errors.ts';
import type { Frame } from '../../../../src/kube/frames.ts';
import type { WireObject } from '../../../../src/kube/objects.ts';
import type { Resource } from '../../../../src/kube/resources.ts';
import { createIsolationWatches, type IsolationWatches } from '../../../../src/control/isolation/watches.ts';
import type { ReflectorHealth } from '../../../../src/watch/reflector.ts';
import { manualClock, type ManualClock } from '../../../support/clock.ts';
import { memoryLogger, type MemoryLogger } from '../../../support/log.ts';

const failure = (kind: KubeErrorKind): KubeError => new KubeError(`list things: ${kind}`, { kind });
interface Opened { readonly plural: string; readonly sink: WatchSink; fail(kind: KubeErrorKind): void; end(): void; /** As the client has it: what the sink throws is about the frame. */ takes(frame: Frame): void }
const scenes: { watches: IsolationWatches }[] = [];

function aScene(): { clock: ManualClock; log: MemoryLogger; watches: IsolationWatches; opened: Opened[]; of(plural: string): Opened; start(): Promise<void>; said(): string[] } {
  const clock = manualClock();
  const log = memoryLogger();
  const opened: Opened[] = [];
  const client: Pick<KubeClient, 'watch' | 'listPage'> = {
    watch<W extends WireObject>({ plural }: Resource<W>, _query: object, sink: WatchSink<W>, signal: AbortSignal) {
      return new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(failure('Aborted')));
        opened.push({
          plural, sink, end: resolve, fail: (kind) => reject(failure(kind)),
          takes(frame) {
            sink.alive();
            try {
              sink.frame(frame as Frame<W>);
            } catch {
              reject(failure('Malformed'));
            }
          },
        });
      });
    },
    listPage: () => Promise.reject(failure('Unavailable')),
  };
  const watches = createIsolationWatches({ client, clock, log, settings: {} });
  const scene = {
    clock, log, watches, opened,
    of: (plural: string) => opened.findLast((each) => each.plural === plural) ?? assert.fail(`${plural} are not watched`),
    async start() {
      watches.start({ pod: () => undefined, otherPolicy: () => undefined, health: () => undefined });
      await clock.settle();
    },
    said: () => watches.sources([]).map(({ resource, missing }) => `${resource}: ${missing === undefined ? 'good' : `${missing.isFailure ? 'failed' : 'waiting'}, ${missing.text}`}`),
  };
  scenes.push(scene);
  return scene;
}
const listed = ({ sink }: Opened): void => {
  sink.alive();
  sink.frame({ kind: 'Bookmark', version: '5', initialEnd: true });
};

describe('watches of isolation', () => {
  afterEach(async () => { for (const { watches } of scenes.splice(0)) await watches.stop(); });

  it('begin when they are told to; until then they wait', async () => {
    const { opened, said, start } = aScene();
    assert.deepEqual([opened, said()], [[], ['pods: waiting, the first list is under way']]);
    await start();
    assert.deepEqual(opened.map(({ plural }) => plural), ['pods', 'customresourcedefinitions']);
    assert.deepEqual(said(), ['pods: waiting, the first list is under way', 'customresourcedefinitions: waiting, the first list is under way']);
    opened.forEach(listed);
    assert.deepEqual(said(), ['pods: good', 'customresourcedefinitions: good']);
  });

  it('that are refused have failed at once, in words that stay the same, and quietly', async () => {
    const { start, said, of, clock, log } = aScene();
    await start();
    for (let turn = 0; turn < 3; turn += 1) {
      of('pods').fail('Forbidden');
      await clock.advance(30_000);
      assert.equal(said()[0], 'pods: failed, list things: Forbidden');
    }
    assert.deepEqual(log.entries.filter(({ level }) => level !== 'debug'), []);
  });

  it('that fail for a passing cause have failed only when that lasts', async () => {
    const { start, said, of, clock } = aScene();
    await start();
    of('pods').fail('Unavailable');
    await clock.settle();
    assert.equal(said()[0], 'pods: waiting, it cannot be listed (Unavailable)');
    for (let turn = 0; turn < 4; turn += 1) {
      await clock.advance(30_000);
      of('pods').fail('Unavailable');
      await clock.settle();
    }
    assert.equal(said()[0], 'pods: failed, it cannot be listed (Unavailable)');
  });

  it('that were in order and fall silent have failed; one that is being opened again has not', async () => {
    const { start, said, of, clock, opened } = aScene();
    await start();
    opened.forEach(listed);
    of('pods').fail('Unavailable');
    await clock.settle();
    assert.equal(said()[0], 'pods: good');
    await clock.advance(151_000);
    assert.equal(said()[0], 'pods: failed, nothing is heard of it any more');
  });

  it('that are synced and fail for ever at the same object have failed, though bytes come at each try', async () => {
    const { start, said, of, clock, opened } = aScene();
    await start();
    opened.forEach(listed);
    // A list of containers cannot be gone through when it is a number.
    const object = { metadata: { name: 'odd', namespace: 'a', uid: 'u', resourceVersion: '6' }, spec: { containers: 1 } } as WireObject;
    let tried = 0;
    const tryAll = async (untilMs: number): Promise<void> => {
      while (clock.now() < untilMs) {
        for (; tried < opened.length; tried += 1) if (opened[tried]?.plural === 'pods') opened[tried]?.takes({ kind: 'Applied', object });
        opened.forEach(({ sink, plural }) => { if (plural !== 'pods') sink.alive(); });
        await clock.advance(1_000);
      }
    };
    const startMs = clock.now();
    await tryAll(startMs + 120_000);
    assert.equal(said()[0], 'pods: good');
    await tryAll(startMs + 200_000);
    assert.equal(said()[0], 'pods: failed, it cannot be followed any more (Malformed)');
    await clock.advance(30_000);
    listed(of('pods'));
    assert.equal(said()[0], 'pods: good');
  });

  it('that are renewed, or come back within two minutes, have not failed', async () => {
    const { start, said, of, clock, opened } = aScene();
    await start();
    opened.forEach(listed);
    for (let renewal = 0; renewal < 5; renewal += 1) {
      await clock.advance(60_000);
      opened.forEach(({ sink }) => sink.alive());
      of('pods').end();
      await clock.advance(1_000);
      of('pods').sink.alive();
    }
    const backMs = clock.now() + 118_000;
    while (clock.now() < backMs) {
      for (const { plural, fail } of opened) if (plural === 'pods') fail('Unavailable');
      await clock.advance(1_000);
      of('customresourcedefinitions').sink.alive();
      assert.equal(said()[0], 'pods: good');
    }
    await clock.advance(30_000);
    of('pods').sink.alive();
    for (let turn = 0; turn < 4; turn += 1) {
      assert.equal(said()[0], 'pods: good');
      await clock.advance(60_000);
      opened.forEach(({ sink }) => sink.alive());
    }
  });

  it('those of the operator count, too', async () => {
    const { watches, start, opened } = aScene();
    await start();
    opened.forEach(listed);
    const policies: ReflectorHealth = { resource: 'networkpolicies', synced: true, lastFrameAtMs: undefined, problem: { kind: 'Forbidden', message: 'no', sinceMs: 0 }, lists: 1, failures: 1, malformed: 0 };
    assert.deepEqual(watches.sources([policies])[0], { resource: 'networkpolicies', missing: { text: 'no', isFailure: true } });
  });

  it('a kind may be served a little later than its CRD is there, and be gone a little earlier: that is no failure, unless it lasts', async () => {
    const { start, said, of, clock, opened } = aScene();
    await start();
    listed(of('pods'));
    const crds = of('customresourcedefinitions');
    const crd = (name: string, resourceVersion: string) => crds.sink.frame({ kind: 'Applied', object: { metadata: { name, uid: name, resourceVersion } } });
    crd('ciliumclusterwidenetworkpolicies.cilium.io', '4');
    listed(crds);
    await clock.settle();
    of('ciliumclusterwidenetworkpolicies').fail('NotFound');
    crd('ciliumnetworkpolicies.cilium.io', '6');
    await clock.settle();
    of('ciliumnetworkpolicies').fail('NotFound');
    await clock.settle();
    assert.deepEqual(said().slice(2), ['ciliumclusterwidenetworkpolicies.cilium.io: waiting, the first list is under way', 'ciliumnetworkpolicies.cilium.io: good']);
    await clock.advance(400);
    listed(of('ciliumclusterwidenetworkpolicies'));
    of('ciliumclusterwidenetworkpolicies').fail('NotFound');
    await clock.settle();
    assert.equal(said()[2], 'ciliumclusterwidenetworkpolicies.cilium.io: good', 'its CRD is about to go');
    for (let turn = 0; turn < 16; turn += 1) {
      await clock.advance(1_000);
      for (const { plural, fail } of opened.slice(-2)) if (plural.startsWith('cilium')) fail('NotFound');
    }
    assert.deepEqual(said().slice(2), ['ciliumclusterwidenetworkpolicies.cilium.io: failed, list things: NotFound', 'ciliumnetworkpolicies.cilium.io: failed, list things: NotFound']);
  });

  it('a kind whose CRD has just been made need not be listed, but it must not be refused', async () => {
    const { start, said, of, clock, opened } = aScene();
    await start();
    opened.forEach(listed);
    of('customresourcedefinitions').sink.frame({ kind: 'Applied', object: { metadata: { name: 'ciliumnetworkpolicies.cilium.io', uid: 'u', resourceVersion: '6' } } });
    await clock.settle();
    of('ciliumnetworkpolicies').fail('Unavailable');
    await clock.settle();
    assert.equal(said()[2], 'ciliumnetworkpolicies.cilium.io: good');
    await clock.advance(16_000);
    assert.match(said()[2] ?? '', /^ciliumnetworkpolicies.cilium.io: waiting/);
    of('ciliumnetworkpolicies').fail('Forbidden');
    await clock.settle();
    assert.match(said()[2] ?? '', /^ciliumnetworkpolicies.cilium.io: failed/);
  });
});
