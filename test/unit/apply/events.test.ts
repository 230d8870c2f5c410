/** Events: bounded, never in the way. */
import assert from 'node:assert/strict';
import { createEventRecorder, type EventRecorder, type NewEvent } from '../../../src/apply/events.ts';

interface Sent { readonly namespace: string; readonly event: { reason: string; note: string; metadata: { name: string }; regarding: object; reportingInstance: string } }

function recorder(send: (sent: Sent) => Promise<void> = async () => {}): { events: EventRecorder; sent: Sent[]; clock: { ms: number }; dropped: () => number } {
  const sent: Sent[] = [];
  const clock = { ms: 0 };
  let dropped = 0;
  const events = createEventRecorder({
    async send(namespace, event) {
      const one = { namespace, event } as Sent;
      sent.push(one);
      await send(one);
    },
    instance: 'x'.repeat(200), now: () => clock.ms, wallMs: () => clock.ms, random: () => 0.5, onDropped: () => { dropped += 1; },
  });
  return { events, sent, clock, dropped: () => dropped };
}

const warning = (name: string, more: Partial<NewEvent> = {}): NewEvent => ({
  regarding: { kind: 'NetworkPolicy', namespace: 'team-a', name }, type: 'Warning', reason: 'DriftDetected', action: 'Repair', note: 'changed', ...more,
});

describe('event recorder', () => {
  it('sends a warning of one object and reason once in five minutes', async () => {
    const { events, sent, clock } = recorder();
    for (const ms of [0, 1, 299_999, 300_000]) {
      clock.ms = ms;
      events.record(warning('default-deny'));
    }
    events.record(warning('default-deny', { reason: 'Contended' }));
    events.record(warning('allow-dns'));
    await events.settled();
    assert.deepEqual(sent.map(({ event }) => event.reason), ['DriftDetected', 'DriftDetected', 'Contended', 'DriftDetected']);
  });

  it('sends at most 60 warnings in a minute', async () => {
    const { events, sent, clock, dropped } = recorder();
    for (let index = 0; index < 100; index += 1) events.record(warning(`p-${index}`));
    await events.settled();
    assert.deepEqual([sent.length, dropped()], [60, 40]);
    events.record(warning('p-0'));
    assert.equal(dropped(), 40, 'what was said already is not lost');
    clock.ms = 60_000;
    events.record(warning('later'));
    await events.settled();
    assert.equal(sent.length, 61);
  });

  it('drops and counts what the API server does not take, and goes on', async () => {
    const { events, sent, dropped } = recorder(async ({ event }) => { if (event.note === 'bad') throw new Error('503'); });
    events.record(warning('a', { note: 'bad' }));
    events.record(warning('b'));
    await events.settled();
    assert.equal(sent.length, 2);
    assert.equal(dropped(), 1);
  });

  it('puts events of baselines into default, and keeps to the limits of the API', async () => {
    const { events, sent } = recorder();
    events.record({ regarding: { kind: 'NamespacePolicyBaseline', name: 'b'.repeat(63) }, type: 'Normal', reason: 'BaselineApplied', action: 'Apply', note: 'n'.repeat(3000) });
    await events.settled();
    const [only] = sent;
    assert.equal(only?.namespace, 'default');
    assert.equal(Buffer.byteLength(only?.event.note ?? ''), 1024);
    assert.equal(only?.event.reportingInstance.length, 128);
    assert.ok((only?.event.metadata.name.length ?? 999) <= 253);
  });
});
