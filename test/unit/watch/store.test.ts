/** What a store does with events, lists and own writes, in every order that they can come in. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ObjectRecord } from '../../../src/kube/objects.ts';
import { createStore, type Change, type WritableStore } from '../../../src/watch/store.ts';
import { compareVersions } from '../../../src/watch/versions.ts';

interface Thing extends ObjectRecord { readonly namespace: string }
const thing = (name: string, version: number, uid = `uid-${name}`, namespace = 'ns'): Thing => ({ name, namespace, uid, resourceVersion: String(version) });

function aStore(): { store: WritableStore<Thing>; said: string[]; list: (version: number, ...records: Thing[]) => void } {
  const store = createStore<Thing>((record) => record.namespace);
  const said: string[] = [];
  store.listen((change) => { said.push(inWords(change)); });
  return {
    store, said,
    list(version, ...records) {
      const list = store.beginList();
      records.forEach((record) => { list.put(record); });
      list.commit(String(version));
      said.length = 0;
    },
  };
}
const inWords = ({ name, before, after }: Change<Thing>): string => `${name} ${before?.resourceVersion ?? '-'}>${after?.resourceVersion ?? '-'}`;
const versions = (store: WritableStore<Thing>): Record<string, string> => Object.fromEntries([...store.all()].map((one) => [one.name, one.resourceVersion]));

describe('versions', () => {
  it('are compared as numbers of any length', () => {
    assert.ok(compareVersions('9', '10') < 0 && compareVersions('100000000000000000001', '100000000000000000000') > 0);
    assert.ok(compareVersions('7', '7') === 0 && compareVersions('1', undefined) > 0 && compareVersions(undefined, '') === 0);
  });
});

describe('store', () => {
  it('is not synced before the first list is complete, and shows nothing of it', () => {
    const { store } = aStore();
    const list = store.beginList();
    list.put(thing('a', 1));
    assert.deepEqual([store.synced, store.size, store.get('a', 'ns')], [false, 0, undefined]);
    list.commit('5');
    assert.deepEqual([store.synced, store.size, store.get('a', 'ns')?.resourceVersion, store.version], [true, 1, '1', '5']);
  });

  it('finds records by name and namespace, whatever they are called', () => {
    const { store, list } = aStore();
    list(5, thing('constructor', 1, 'u1', '__proto__'), thing('toString', 2, 'u2', '__proto__'), thing('toString', 3, 'u3', 'b'));
    assert.equal(store.get('constructor', '__proto__')?.uid, 'u1');
    assert.deepEqual([...store.inNamespace('__proto__').keys()], ['constructor', 'toString']);
    assert.deepEqual([store.get('valueOf', 'b'), store.inNamespace('constructor').size], [undefined, 0]);
  });

  it('keeps cluster-scoped records without a namespace', () => {
    const store = createStore();
    store.apply({ name: 'a', uid: 'u', resourceVersion: '3' }, false);
    assert.equal(store.get('a')?.uid, 'u');
  });

  it('says each change once, and nothing for events that it knows', () => {
    const { store, said, list } = aStore();
    list(5);
    store.apply(thing('a', 6), false);
    store.apply(thing('a', 6), false);
    store.apply(thing('a', 7), false);
    store.apply(thing('a', 6), false);
    store.remove(thing('a', 8));
    store.remove(thing('a', 8));
    assert.deepEqual(said, ['a ->6', 'a 6>7', 'a 7>-']);
    assert.equal(store.version, '8');
  });

  it('does not bring back an object by an event from before its end', () => {
    const { store, list } = aStore();
    list(5, thing('a', 3));
    store.remove(thing('a', 9));
    store.apply(thing('a', 8), false);
    assert.equal(store.size, 0);
  });

  it('takes a new object of the same name as two changes', () => {
    const { store, said, list } = aStore();
    list(5, thing('a', 3, 'old'));
    store.apply(thing('a', 6, 'new'), false);
    assert.deepEqual(said, ['a 3>-', 'a ->6']);
    store.remove(thing('a', 7, 'old')); // late, and about the other object: by then the name was free
    assert.equal(store.get('a', 'ns'), undefined);
  });

  describe('a later list', () => {
    it('is swapped in at once: vanished, changed and new keys, and nothing for the rest', () => {
      const { store, said, list } = aStore();
      list(5, thing('same', 1), thing('changed', 2), thing('gone', 3), thing('reborn', 4, 'old'));
      const again = store.beginList();
      for (const one of [thing('same', 1), thing('changed', 7), thing('reborn', 8, 'new'), thing('new', 9)]) again.put(one);
      assert.deepEqual(said, []);
      again.commit('10');
      assert.deepEqual(said, ['gone 3>-', 'changed 2>7', 'reborn 4>-', 'reborn ->8', 'new ->9']);
      assert.deepEqual(versions(store), { same: '1', changed: '7', reborn: '8', new: '9' });
    });

    it('does not undo what events said meanwhile', () => {
      const { store, list } = aStore();
      list(5, thing('removed', 1), thing('changed', 2));
      const again = store.beginList();
      for (const one of [thing('removed', 1), thing('changed', 2)]) again.put(one);
      store.remove(thing('removed', 11));
      store.apply(thing('changed', 12), false);
      store.apply(thing('added', 13), false);
      again.commit('10');
      assert.deepEqual(versions(store), { changed: '12', added: '13' });
      assert.equal(store.version, '13');
    });

    it('can be dropped, and is void when another was begun', () => {
      const { store, list } = aStore();
      list(5, thing('a', 1));
      const dropped = store.beginList();
      dropped.abandon();
      dropped.commit('6');
      const overtaken = store.beginList();
      const last = store.beginList();
      overtaken.commit('7');
      assert.equal(store.size, 1);
      last.commit('8');
      assert.deepEqual([store.size, store.version], [0, '8']);
    });

    it('with reset counts even where it is older', () => {
      const { store, said, list } = aStore();
      list(100, thing('a', 90), thing('b', 95));
      const restored = store.beginList();
      restored.put(thing('a', 40));
      restored.commit('50', true);
      assert.deepEqual([versions(store), store.version, said], [{ a: '40' }, '50', ['b 95>-', 'a 90>40']]);
      store.apply(thing('a', 51), false);
      assert.deepEqual(versions(store), { a: '51' });
    });
  });

  describe('own writes', () => {
    it('are seen at once, and not said again by their event', () => {
      const { store, said, list } = aStore();
      list(5);
      store.observeWrite(thing('a', 7));
      store.apply(thing('other', 6), false);
      store.apply(thing('a', 7), false);
      assert.deepEqual(said, ['a ->7', 'other ->6']);
    });
    it('hide older events about the object, but not later ones', () => {
      const { store, list } = aStore();
      list(5, thing('a', 3));
      store.observeWrite(thing('a', 8));
      store.apply(thing('a', 7), false);
      assert.deepEqual(versions(store), { a: '8' });
      store.apply(thing('a', 9), false);
      assert.deepEqual(versions(store), { a: '9' });
    });
    it('come too late when the watch is past them', () => {
      const { store, list } = aStore();
      list(5);
      store.apply(thing('a', 7), false);
      store.remove(thing('a', 8));
      store.observeWrite(thing('a', 7));
      assert.equal(store.size, 0);
    });
    it('survive a list that is older', () => {
      const { store, list } = aStore();
      list(5);
      const again = store.beginList();
      store.observeWrite(thing('a', 9));
      again.commit('8');
      assert.deepEqual(versions(store), { a: '9' });
    });
    it('survive the end of the object that they replaced', () => {
      const { store, list } = aStore();
      list(5, thing('a', 3, 'old'));
      store.observeWrite(thing('a', 9, 'new'));
      store.remove(thing('a', 8, 'old'));
      assert.equal(store.get('a', 'ns')?.uid, 'new');
    });
  });

  describe('reads of one object', () => {
    it('find what the watch has missed, although it is past the version', () => {
      const { store, said, list } = aStore();
      list(5);
      store.apply(thing('other', 9), false);
      const read = store.beginRead('a', 'ns');
      read.observe(thing('a', 7));
      read.end();
      assert.deepEqual([versions(store), said], [{ a: '7', other: '9' }, ['other ->9', 'a ->7']]);
    });
    for (const [what, happens] of [
      ['a removal', (store: ReturnType<typeof aStore>['store']) => store.remove(thing('a', 8))],
      ['a removal of our own', (store: ReturnType<typeof aStore>['store']) => store.observeRemoval('ns', 'a', 'uid-a')],
      ['a list', (store: ReturnType<typeof aStore>['store']) => store.beginList().commit('8')],
    ] as const) {
      it(`count for nothing after ${what} that was heard of meanwhile`, () => {
        const { store, list } = aStore();
        list(5, thing('a', 3));
        const read = store.beginRead('a', 'ns');
        happens(store);
        store.advance('8');
        read.observe(thing('a', 7));
        assert.equal(store.size, 0);
      });
    }
    it('do not bring back an object of which the watch told nothing but its end', () => {
      const { store, list } = aStore();
      list(5);
      const read = store.beginRead('a', 'ns');
      store.remove(thing('a', 8));
      read.observe(thing('a', 7));
      assert.equal(store.size, 0);
    });
  });

  describe('own removals', () => {
    it('are seen at once; events from before them do not bring the object back', () => {
      const { store, said, list } = aStore();
      list(5, thing('a', 3));
      store.observeRemoval('ns', 'a', 'uid-a');
      store.apply(thing('a', 6), false);
      store.remove(thing('a', 7));
      store.apply(thing('a', 8, 'new'), false);
      assert.deepEqual(said, ['a 3>-', 'a ->8']);
    });
    it('are about one object only', () => {
      const { store, list } = aStore();
      list(5, thing('a', 3, 'new'));
      store.observeRemoval('ns', 'a', 'old');
      assert.equal(store.size, 1);
    });
    it('were none when a finalizer still holds the object', () => {
      const { store, list } = aStore();
      list(5, thing('a', 3));
      store.observeRemoval('ns', 'a', 'uid-a');
      store.apply(thing('a', 6), true);
      assert.deepEqual(versions(store), { a: '6' });
    });
    it('hold against a list that began before them, not against a later one', () => {
      const { store, list } = aStore();
      list(5, thing('a', 3), thing('b', 4));
      const before = store.beginList();
      before.put(thing('a', 3));
      before.put(thing('b', 4));
      store.observeRemoval('ns', 'a', 'uid-a');
      before.commit('5');
      assert.deepEqual(versions(store), { b: '4' });
      list(9, thing('a', 3), thing('b', 4)); // it is there after all
      assert.deepEqual(versions(store), { a: '3', b: '4' });
    });
  });

  it('ends like the server, and its changes lead there, whatever came twice, late or from itself', () => {
    const action = fc.record({ name: fc.constantFrom('a', 'b', 'c'), what: fc.constantFrom('write', 'ownWrite', 'delete', 'ownDelete', 'relist', 'deliver', 'beginRead', 'endRead') });
    fc.assert(fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const world = new Map<string, Thing>();
      const told = new Map<string, Thing>();
      const waiting: (() => void)[] = [];
      const reading: (() => void)[] = [];
      const store = createStore<Thing>((record) => record.namespace);
      store.listen(({ name, before, after }) => {
        assert.equal(told.get(name), before);
        if (after === undefined) told.delete(name);
        else told.set(name, after);
      });
      let version = 10;
      let listVersion = version;
      const relist = (): void => {
        const list = store.beginList();
        for (const record of world.values()) list.put(record);
        listVersion = version;
        list.commit(String(version));
      };
      relist();
      for (const { name, what } of actions) {
        const present = world.get(name);
        if (what === 'deliver') waiting.shift()?.();
        else if (what === 'relist') relist();
        else if (what === 'endRead') reading.shift()?.();
        else if (what === 'beginRead') {
          const read = store.beginRead(name, 'ns');
          reading.push(() => {
            if (present !== undefined) read.observe(present);
            read.end();
          });
        }
        else if (what.toLowerCase().includes('write')) {
          const next = thing(name, version += 1, present?.uid ?? `uid-${name}-${version}`);
          world.set(name, next);
          if (what === 'ownWrite') store.observeWrite(next);
          waiting.push(() => { store.apply(next, false); });
        } else if (present !== undefined) {
          world.delete(name);
          const last = { ...present, resourceVersion: String(version += 1) };
          if (what === 'ownDelete') store.observeRemoval('ns', name, present.uid);
          waiting.push(() => { store.remove(last); });
        }
        assert.ok(compareVersions(store.version, String(listVersion)) >= 0);
      }
      for (const answer of reading) answer();
      for (const deliver of waiting) deliver();
      assert.deepEqual(versions(store), Object.fromEntries([...world.values()].map((one) => [one.name, one.resourceVersion])));
      assert.deepEqual(new Set(told.values()), new Set(store.all()));
    }), { numRuns: 500 });
  });
});
