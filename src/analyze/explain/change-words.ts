/** A change that would let a connection through, in one line for people. The change itself is shown as YAML. */
import type { NewPolicy } from '../../netpol/new-rule.ts';
import type { Change, Wider } from '../../netpol/smallest-change.ts';
import { counted, listed, refText, rulePath, pathText } from './words.ts';

/** With what would do instead. */
export function changeText(change: Change): string {
  const instead = change.kind === 'exception' ? change.instead : undefined;
  return `${firstText(change)}${instead === undefined ? '' : `; or ${insteadText(instead)}`}`;
}

export function firstText(change: Change): string {
  switch (change.kind) {
    case 'policy': {
      const { policy: { namespace, name }, or } = change;
      const added = or.length === 0 ? '' : `, or its rule added to ${or.length > 1 ? 'one of ' : ''}${listed(or.map(refText))}`;
      return `a new NetworkPolicy ${namespace}/${name}${added}${widerText(change.wider)}`;
    }
    case 'exception': {
      const { decider, direction, tier } = change;
      return `a rule before ${pathText(rulePath(decider, direction))} of ${refText(decider)}${tier === 'Admin' ? ', which no NetworkPolicy can overrule' : ''}${widerText(change.wider)}`;
    }
    case 'impossible': return `none that policies could make: ${WHY_NOT[change.why]}`;
  }
}

/** The Baseline tier is for pods that no NetworkPolicy isolates. */
export function insteadText({ policy: { namespace, name }, wider }: NewPolicy): string {
  return `a new NetworkPolicy ${namespace}/${name}, which counts before that tier${widerText(wider)}; it isolates the pod, so all else that the pod needs in this direction must be allowed as well`;
}

const WHY_NOT: Readonly<Record<Extract<Change, { readonly kind: 'impossible' }>['why'], string>> = {
  'service address': 'they see the pods behind a Service, not its address. Ask for the Service by its name',
  'source outside': 'rules for the cluster know no sources outside of it',
  'no address': 'the other side has neither labels nor an address to name it by',
};

const WIDER: Readonly<Record<Wider, string>> = {
  'every port': 'every port, as policies cannot name ICMP',
  'every pod of the namespace': 'every pod of the namespace, as these have no labels that last',
  'every subject of the policy': 'every pod that the policy is about',
};

/** What it lets through beyond the connection. */
export function widerText(wider: readonly Wider[]): string {
  return wider.length === 0 ? '' : ` (it allows more than this connection: ${wider.map((each) => WIDER[each]).join('; ')})`;
}

/** What the changes do not cover; `undefined` where they cover all. */
export function leftText(left: number): string | undefined {
  return left === 0 ? undefined : `${counted(left, 'pair')} of ends more ${left === 1 ? 'needs' : 'need'} a change of ${left === 1 ? 'its' : 'their'} own: this is for the first. Ask for each workload by its name`;
}
