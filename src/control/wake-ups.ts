/** Which change of a store wakes which key, and how urgent that is. The change itself is not handed on: the present view decides. */
import type { BaselineRecord, NamespaceRecord, PolicyRecord } from '../kube/objects.ts';
import { heldFor } from '../plan/isolation.ts';
import type { Change } from '../watch/store.ts';
import { namespaceTrigger, policyTrigger } from '../watch/triggers.ts';
import type { Shared } from './control-parts.ts';
import type { Controller } from './controller.ts';
import type { Holders } from './holders.ts';

export interface WakeUps {
  namespace(change: Change<NamespaceRecord>): void;
  policy(change: Change<PolicyRecord>): void;
  /** `replans`: planning can come out differently. */
  baseline(change: Change<BaselineRecord>, replans: boolean): void;
}

export interface WakeUpParts extends Pick<Shared, 'stores' | 'settings' | 'memories' | 'views' | 'gate' | 'touchBaseline' | 'wake'> {
  readonly holders: Holders;
  readonly controllers: Readonly<Record<'namespace' | 'baseline', Pick<Controller, 'add'>>>;
  replanAll(): void;
}

export function createWakeUps(parts: WakeUpParts): WakeUps {
  const { stores, settings, memories, views, holders, controllers } = parts;

  /** A baseline on its way out waits for the last policy that is there for it. */
  function touchLeaving(policy: PolicyRecord | undefined): void {
    if (policy === undefined) return;
    for (const name of heldFor(policy)) if (stores.baselines.get(name)?.deleting === true) parts.touchBaseline(name);
  }

  return {
    namespace(change) {
      holders.namespaceChanged(change);
      const urgency = namespaceTrigger(change);
      if (urgency === undefined) return;
      const isNew = urgency === 'new';
      if (isNew && change.after !== undefined) memories.of(change.name, change.after.uid, true);
      controllers.namespace.add(change.name, urgency, isNew ? settings.firstWriteDelayMs : 0);
    },
    policy(change) {
      views.policyChanged(change);
      holders.policyChanged(change);
      const urgency = policyTrigger(change);
      if (urgency !== undefined && change.namespace !== undefined) controllers.namespace.add(change.namespace, urgency);
      touchLeaving(change.before);
    },
    baseline({ name }, replans) {
      controllers.baseline.add(name, 'drift');
      if (replans) parts.replanAll();
      else for (const namespace of parts.gate.reconsider(name)) parts.wake(namespace, 0);
    },
  };
}
