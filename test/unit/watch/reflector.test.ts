/** The driver over a scripted API server, with time that stands still until told to go on. */
import assert from 'node:assert/strict';
import type { KubeClient, ListPage, WatchQuery, WatchSink } from '../../../src/kube/client.ts';
import { KubeError, type KubeErrorKind } from '../../../src/kube/errors.ts';
import type { Frame } from '../../../src/kube/frames.ts';
import type { ObjectRecord, WireObject } from '../../../src/kube/objects.ts';
import { NAMESPACES, type Resource } from '../../../src/kube/resources.ts';
import { startReflector, type Reflector } from '../../../src/watch/reflector.ts';
import { createStore, type Change, type WritableStore } from '../../../src/watch/store.ts';
import { manualClock, type ManualClock } from '../../support/clock.ts';
import { memoryLogger, type MemoryLogger } from '../../support/log.ts';

/** One watch that the reflector opened. */
interface Opened {
  readonly query: WatchQuery;
  readonly signal: AbortSignal;
  readonly say: (...frames: Frame[]) => void;
  readonly end: (error?: KubeError) => void;
}

interface Scene {
  readonly clock: ManualClock;
  readonly log: MemoryLogger;
  readonly store: WritableStore<ObjectRecord>;
  readonly reflector: Reflector;
  readonly opened: Opened[];
  readonly said: string[];
  readonly pages: (ListPage | KubeError)[];
  readonly continued: (string | undefined)[];
  readonly synced: () => number;
  readonly last: () => Opened;
}

const object = (name: string, version: number, uid = `uid-${name}`): WireObject => ({ metadata: { name, uid, resourceVersion: String(version) } });
const applied = (name: string, version: number, uid?: string): Frame => ({ kind: 'Applied', object: object(name, version, uid) });
const deleted = (name: string, version: number, uid?: string): Frame => ({ kind: 'Deleted', object: object(name, version, uid) });
const bookmark = (version: number, initialEnd = false): Frame => ({ kind: 'Bookmark', version: String(version), initialEnd });
const page = (version: number, continueToken: string | undefined, ...items: WireObject[]): ListPage => ({ items, resourceVersion: String(version), continueToken });
const failure = (kind: KubeErrorKind): KubeError => new KubeError(kind, { kind });
const inWords = ({ name, before, after }: Change<ObjectRecord>): string => `${name} ${before?.resourceVersion ?? '-'}>${after?.resourceVersion ?? '-'}`;

const scenes: Scene[] = [];
function aScene(): Scene {
  const clock = manualClock();
  const log = memoryLogger();
  const store = createStore<ObjectRecord>();
  const opened: Opened[] = [];
  const pages: (ListPage | KubeError)[] = [];
  const continued: (string | undefined)[] = [];
  const said: string[] = [];
  let synced = 0;
  const client: Pick<KubeClient, 'watch' | 'listPage'> = {
    watch<W extends WireObject>(_resource: Resource<W>, query: WatchQuery, sink: WatchSink<W>, signal: AbortSignal) {
      return new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => { reject(failure('Aborted')); });
        opened.push({
          query, signal,
          say: (...frames) => {
            sink.alive();
            for (const frame of frames) sink.frame(frame as Frame<W>);
          },
          end: (error) => { if (error === undefined) resolve(); else reject(error); },
        });
      });
    },
    listPage<W extends WireObject>(_resource: Resource<W>, { continueToken }: { continueToken?: string | undefined }) {
      continued.push(continueToken);
      const next = pages.shift() ?? failure('Unavailable');
      return next instanceof KubeError ? Promise.reject(next) : Promise.resolve(next as ListPage<W>);
    },
  };
  const reflector = startReflector({
    client, resource: NAMESPACES, store, log, clock,
    parse: ({ metadata }): ObjectRecord => ({ name: metadata.name, uid: metadata.uid ?? '', resourceVersion: metadata.resourceVersion ?? '' }),
    onChange: (change) => { said.push(inWords(change)); },
    onSynced: () => { synced += 1; },
  });
  const scene: Scene = {
    clock, log, store, reflector, opened, said, pages, continued, synced: () => synced,
    last: () => opened.at(-1) ?? assert.fail('no watch was opened'),
  };
  scenes.push(scene);
  return scene;
}

/** A scene whose list is in. */
async function aLiveScene(...frames: Frame[]): Promise<Scene> {
  const scene = aScene();
  scene.last().say(...frames, bookmark(10, true));
  await scene.clock.settle();
  scene.said.length = 0;
  return scene;
}

describe('reflector', () => {
  afterEach(async () => { for (const scene of scenes.splice(0)) await scene.reflector.stop(); });

  it('streams the list, swaps it in when it is complete, and goes on as a watch', async () => {
    const { clock, store, said, opened, synced, last } = aScene();
    assert.deepEqual([last().query.initialEvents, last().query.resourceVersion], [true, undefined]);
    assert.ok(last().query.timeoutSeconds >= 1800 && last().query.timeoutSeconds <= 3600);
    last().say(applied('b', 7), applied('a', 3), applied('x', 4), deleted('x', 4), bookmark(8));
    assert.deepEqual([store.synced, said, synced()], [false, [], 0]);
    last().say(bookmark(10, true), applied('c', 11));
    assert.deepEqual([store.synced, said, synced()], [true, ['b ->7', 'a ->3', 'c ->11'], 1]);
    await clock.settle();
    assert.equal(opened.length, 1);
  });

  it('resumes after the last event or bookmark', async () => {
    const { clock, last, store, said } = await aLiveScene(applied('a', 3));
    last().say(applied('a', 12), bookmark(20));
    last().end(failure('Unavailable'));
    await clock.advance(1000);
    assert.deepEqual([last().query.initialEvents, last().query.resourceVersion], [false, '20']);
    last().say(applied('a', 12), deleted('a', 21));
    assert.deepEqual([said, store.size, store.synced], [['a 3>12', 'a 12>-'], 0, true]);
  });

  it('takes pages where streaming is refused, and all of them or none', async () => {
    const { clock, last, pages, continued, store, said, synced } = aScene();
    pages.push(page(10, 'more', object('a', 1)), failure('Expired'), page(12, 'more', object('a', 1)), page(12, undefined, object('b', 2)));
    last().end(failure('Invalid'));
    await clock.settle();
    assert.deepEqual([store.synced, continued], [true, [undefined, 'more', undefined, 'more']]);
    assert.deepEqual([said, store.version, synced()], [['a ->1', 'b ->2'], '12', 1]);
    assert.deepEqual([last().query.initialEvents, last().query.resourceVersion], [false, '12']);
  });

  it('lists again when its version was forgotten, and says only what differs', async () => {
    const { clock, last, said, synced } = await aLiveScene(applied('same', 1), applied('gone', 2), applied('reborn', 3, 'old'));
    last().end(failure('Expired'));
    await clock.settle();
    last().say(applied('same', 1), applied('reborn', 15, 'new'), applied('new', 16), bookmark(20, true));
    assert.deepEqual(said, ['gone 2>-', 'reborn 3>-', 'reborn ->15', 'new ->16']);
    assert.equal(synced(), 1);
  });

  it('does not believe that everything is gone before a second list says so', async () => {
    const { clock, last, said, store, reflector } = await aLiveScene(applied('a', 1));
    last().end(failure('Expired'));
    await clock.settle();
    const first = last();
    first.say(bookmark(20, true));
    await clock.settle();
    assert.ok(first.signal.aborted);
    assert.deepEqual([said, store.size, reflector.health().problem?.kind], [[], 1, 'EmptyList']);
    await clock.advance(1000);
    last().say(bookmark(21, true));
    assert.deepEqual([said, store.size, reflector.health().problem], [['a 1>-'], 0, undefined]);
  });

  it('keeps what it has while the kind is not served', async () => {
    const { clock, last, opened, store, reflector } = await aLiveScene(applied('a', 1));
    last().end(failure('NotFound'));
    await clock.advance(10_000);
    assert.deepEqual([opened.length, store.size, store.synced, reflector.health().problem?.kind], [1, 1, true, 'NotFound']);
    await clock.advance(20_000);
    assert.deepEqual([opened.length, last().query.initialEvents], [2, true]);
  });

  it('nothing of an attempt counts after its end', async () => {
    const { clock, last, said } = await aLiveScene();
    const old = last();
    old.end(failure('Unavailable'));
    await clock.settle();
    old.say(applied('late', 11));
    assert.deepEqual(said, []);
  });

  it('says what is wrong, since when, and that it is over', async () => {
    const { clock, last, reflector, log } = await aLiveScene();
    last().end(failure('Forbidden'));
    await clock.advance(1000);
    const since = reflector.health().problem?.sinceMs;
    last().end(failure('Forbidden'));
    await clock.advance(2000);
    const health = reflector.health();
    assert.deepEqual([health.problem?.kind, health.problem?.sinceMs, health.failures, health.synced], ['Forbidden', since, 2, true]);
    assert.deepEqual(log.entries.filter((entry) => entry.level === 'warn').length, 2);
    last().say();
    assert.equal(reflector.health().problem, undefined);
    assert.equal(reflector.health().lastFrameAtMs, clock.now());
  });

  it('lists when an event cannot be taken, as it would come again at every resumption, and says since when nothing is', async () => {
    const { clock, last, reflector, store } = await aLiveScene();
    const bad = { kind: 'Applied', object: {} } as Frame;
    const fails = async (): Promise<void> => {
      assert.throws(() => { last().say(bad); });
      last().end(failure('Malformed'));
      await clock.advance(30_000);
    };
    await fails();
    for (let turn = 0; turn < 2; turn += 1) {
      assert.deepEqual([last().query.initialEvents, last().query.resourceVersion], [false, '10']);
      await fails();
    }
    const since = reflector.health().problem?.sinceMs;
    for (let turn = 0; turn < 3; turn += 1) {
      assert.equal(last().query.initialEvents, true);
      await fails();
    }
    assert.deepEqual([reflector.health().problem?.kind, reflector.health().problem?.sinceMs, reflector.health().lastFrameAtMs], ['Malformed', since, clock.now() - 30_000]);
    last().say(applied('a', 11), bookmark(12, true));
    assert.deepEqual([reflector.health().problem, store.size], [undefined, 1]);
  });

  it('goes on when a listener throws', async () => {
    const { store, last, log } = await aLiveScene();
    startReflector({
      client: { watch: (_resource, _query, sink) => { sink.alive(); sink.frame({ kind: 'Bookmark', version: '1', initialEnd: true }); return new Promise<void>(() => undefined); }, listPage: () => assert.fail() },
      resource: NAMESPACES, store, log, clock: manualClock(), parse: () => assert.fail(), onSynced: () => undefined,
      onChange: () => { throw new Error('angry'); },
    });
    last().say(applied('a', 11));
    assert.equal(store.size, 1);
    assert.deepEqual(log.lines().filter((line) => line.startsWith('error')), ['error a listener threw']);
  });

  it('stops for good', async () => {
    const { clock, last, opened, reflector } = await aLiveScene();
    await reflector.stop();
    assert.ok(last().signal.aborted);
    await clock.advance(7_200_000);
    assert.equal(opened.length, 1);
  });

  it('stops while it waits, too', async () => {
    const { clock, last, opened, reflector } = await aLiveScene();
    last().end(failure('Unavailable'));
    await clock.settle();
    await reflector.stop();
    await clock.advance(60_000);
    assert.equal(opened.length, 1);
    assert.equal(clock.timers, 0);
  });

  describe('the list beside the watch', () => {
    it('comes after 30 to 60 minutes, finds what was lost, and leaves the watch alone', async () => {
      const { clock, opened, said, store } = await aLiveScene(applied('a', 1), applied('lost', 2));
      const [watch] = opened;
      await clock.advance(29 * 60_000);
      assert.equal(opened.length, 1);
      await clock.advance(31 * 60_000);
      assert.equal(opened.length, 2);
      opened[1]?.say(applied('a', 1));
      watch?.say(applied('b', 31));
      opened[1]?.say(bookmark(30, true));
      await clock.settle();
      assert.deepEqual(said, ['b ->31', 'lost 2>-']);
      assert.deepEqual([opened[1]?.signal.aborted, watch?.signal.aborted, store.version], [true, false, '31']);
      watch?.say(applied('c', 32));
      assert.equal(said.at(-1), 'c ->32');
    });

    it('when it is empty, is made twice', async () => {
      const { clock, opened, said } = await aLiveScene(applied('a', 1));
      await clock.advance(60 * 60_000);
      opened[1]?.say(bookmark(30, true));
      await clock.advance(1000);
      assert.deepEqual(said, []);
      opened[2]?.say(bookmark(31, true));
      await clock.settle();
      assert.deepEqual(said, ['a 1>-']);
    });

    it('when it fails, changes nothing', async () => {
      const { clock, opened, store } = await aLiveScene(applied('a', 1));
      await clock.advance(60 * 60_000);
      opened[1]?.end(failure('Unavailable'));
      await clock.settle();
      assert.deepEqual([opened[0]?.signal.aborted, store.size], [false, 1]);
    });

    it('when it is older than the watch, ends the watch; what is older counts after two minutes', async () => {
      const { clock, opened, store, reflector, last } = await aLiveScene(applied('a', 1));
      await clock.advance(60 * 60_000);
      opened[1]?.say(applied('restored', 5), bookmark(6, true));
      await clock.settle();
      assert.ok(opened[0]?.signal.aborted);
      for (let turn = 0; turn < 30 && store.version === '10'; turn += 1) {
        await clock.advance(15_000);
        last().say(applied('restored', 5), bookmark(6, true));
        await clock.settle();
      }
      assert.deepEqual([...store.all()].map((one) => one.name), ['restored']);
      assert.deepEqual([store.version, reflector.health().problem], ['6', undefined]);
    });
  });
});
