/** Bytes to frames: whatever way they are cut into chunks, and whatever is in the strings. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isKubeError } from '../../../src/kube/errors.ts';
import { createFrameReader, type Frame } from '../../../src/kube/frames.ts';

const attempt = { verb: 'watch', resource: 'namespaces' };
const event = (type: string, name: string, extra: object = {}): object => ({ type, object: { metadata: { name, uid: `u-${name}`, resourceVersion: '7', ...extra } } });
const line = (value: object): string => `${JSON.stringify(value)}\n`;

/** Reads bytes that come in chunks of these sizes, over and over. */
function read(bytes: Buffer, sizes: readonly number[] = [bytes.length]): { frames: Frame[]; pendingBytes: number } {
  const frames: Frame[] = [];
  const reader = createFrameReader(attempt, (frame) => { frames.push(frame); });
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    reader.push(bytes.subarray(at, at + size));
    at += size;
  }
  return { frames, pendingBytes: reader.pendingBytes };
}
const names = (frames: readonly Frame[]): (string | undefined)[] => frames.map((frame) => (frame.kind === 'Bookmark' ? frame.version : frame.object.metadata.name));

describe('frames', () => {
  it('ADDED and MODIFIED are applied, DELETED is deleted, bookmarks say whether the list is complete', () => {
    const text = [
      event('ADDED', 'a'), event('MODIFIED', 'b'), event('DELETED', 'c'),
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } },
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9', annotations: { 'k8s.io/initial-events-end': 'true' } } } },
    ].map(line).join('');
    const { frames } = read(Buffer.from(text));
    assert.deepEqual(frames.map((frame) => frame.kind), ['Applied', 'Applied', 'Deleted', 'Bookmark', 'Bookmark']);
    assert.deepEqual(frames.slice(3), [{ kind: 'Bookmark', version: '9', initialEnd: false }, { kind: 'Bookmark', version: '9', initialEnd: true }]);
  });

  it('does not split at U+2028, U+2029, U+0085 or an escaped newline inside a string', () => {
    const odd = 'x\u2028y\u2029z\u0085\n';
    const { frames } = read(Buffer.from(line(event('ADDED', 'a', { annotations: { odd } }))));
    assert.equal(frames.length, 1);
    assert.equal(frames[0]?.kind === 'Applied' && frames[0].object.metadata.annotations?.['odd'], odd);
  });

  it('reads the same frames however the bytes are cut', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
    fc.assert(fc.property(fc.array(name, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 6 }), (all, sizes) => {
      const { frames, pendingBytes } = read(Buffer.from(all.map((one) => line(event('ADDED', one))).join('')), sizes);
      assert.deepEqual(names(frames), all);
      assert.equal(pendingBytes, 0);
    }), { numRuns: 200 });
  });

  it('an unfinished line is pending, and an empty one is nothing', () => {
    assert.equal(read(Buffer.from('\n\n')).frames.length, 0);
    assert.equal(read(Buffer.from('{"type":"ADD')).pendingBytes, 12);
  });

  const bad: readonly [string, string][] = [
    ['garbage', 'not json\n'],
    ['null', 'null\n'],
    ['an unknown type', line({ type: 'SYNC', object: { metadata: { resourceVersion: '1' } } })],
    ['an object without a version', line({ type: 'ADDED', object: { metadata: { name: 'a', uid: 'u' } } })],
    ['an object without a name', line({ type: 'ADDED', object: { metadata: { uid: 'u', resourceVersion: '1' } } })],
    ['an object without metadata', line({ type: 'ADDED', object: {} })],
    ['two frames in one line', `${JSON.stringify(event('ADDED', 'a'))}${line(event('ADDED', 'b'))}`],
  ];
  for (const [title, text] of bad) {
    it(`${title} is Malformed, and frames before it still count`, () => {
      const frames: Frame[] = [];
      const reader = createFrameReader(attempt, (frame) => { frames.push(frame); });
      assert.throws(() => { reader.push(Buffer.from(line(event('ADDED', 'good')) + text)); }, (error) => isKubeError(error, 'Malformed'));
      assert.deepEqual(names(frames), ['good']);
    });
  }

  it('an ERROR frame is thrown as what it says', () => {
    const text = line({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 1 (2)' } });
    assert.throws(() => read(Buffer.from(text)), (error) => isKubeError(error, 'Expired'));
  });

  it('a line without an end is refused before it fills the memory', () => {
    const reader = createFrameReader(attempt, () => undefined);
    const chunk = Buffer.alloc(8 * 1024 * 1024, 'x');
    assert.throws(() => { for (let turn = 0; turn < 5; turn += 1) reader.push(chunk); }, (error) => isKubeError(error, 'Malformed'));
  });
});
