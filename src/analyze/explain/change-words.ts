/** A change that would let a connection through, in one line for people. The change itself is shown as YAML. */
import type { Change, Wider } from '../../netpol/smallest-change.ts';
import { listed, refText, rulePath, pathText } from './words.ts';

export function changeText(change: Change): string {
  switch (change.kind) {
    case 'policy': {
      const { policy: { namespace, name }, or } = change;
      const added = or.length === 0 ? '' : `, or its rule added to ${or.length > 1 ? 'one of ' : ''}${listed(or.map(refText))}`;
      return `a new NetworkPolicy ${namespace}/${name}${added}${widerText(change.wider)}`;
    }
    case 'exception': {
      const { decider, direction, tier } = change;
      return `a rule before ${pathText(rulePath(decider, direction))} of ${refText(decider)}${tier === 'Admin' ? ', which no NetworkPolicy can overrule' : ''}${widerText(change.wider)}${tier === 'Admin' ? '' : INSTEAD}`;
    }
    case 'impossible': return `none that policies could make: ${WHY_NOT[change.why]}`;
  }
}

/** The Baseline tier is for pods that no NetworkPolicy isolates. */
const INSTEAD = '; or a new NetworkPolicy, which isolates the pod: all that it needs in this direction must be allowed then';

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
