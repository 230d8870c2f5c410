/**
 * Every finding in a few words: what tools show beside a result. docs/coverage.md says more, with an example of each; a test
 * holds both to the same list.
 */
import type { FindingId, FindingLevel } from './finding.ts';

export interface FindingKind {
  /** The worst that it can be. */
  readonly level: FindingLevel;
  readonly title: string;
  /** Why it matters and what to do, as sentences. */
  readonly help: string;
}

export const CATALOG: Readonly<Record<FindingId, FindingKind>> = {
  'no-policy': {
    level: 'FAIL', title: 'The namespace has no NetworkPolicy',
    help: 'Every pod may be reached from everywhere and may reach everything. Add a default-deny NetworkPolicy together with one that allows DNS.',
  },
  'no-default-deny': {
    level: 'FAIL', title: 'No policy denies a direction by default',
    help: 'Pods that no policy selects are open in this direction, those that come later too. Add a NetworkPolicy with an empty podSelector, this direction in policyTypes, and no rules.',
  },
  defeated: {
    level: 'FAIL', title: 'A policy opens what others deny',
    help: 'Policies only add: a rule that allows everything makes a default-deny worthless. Remove the rule that is named, or narrow it to the peers and ports that are needed.',
  },
  'dns-blocked': {
    level: 'WARN', title: 'Pods may not resolve names',
    help: 'Egress is denied, and no rule allows UDP and TCP 53 to the DNS pods of the cluster. Most applications stop working. Add a policy that allows DNS.',
  },
  'opaque-policy': {
    level: 'WARN', title: 'A policy that is not evaluated has a say',
    help: 'Policies of Cilium, Calico, Antrea and others are not evaluated, and policies that could not be read are not known. What they may change is unknown, not guessed.',
  },
  'host-network': {
    level: 'INFO', title: 'Pods use the network of their node',
    help: 'On most networks no NetworkPolicy applies to a pod with hostNetwork. It is not counted in the class of its namespace.',
  },
  refused: {
    level: 'FAIL', title: 'An API server would refuse the policy',
    help: 'What is refused is not stored, so it isolates nothing, and the policy counts as absent. Correct the field that is named.',
  },
  'unknown-field': {
    level: 'FAIL', title: 'A field that does not exist',
    help: 'kubectl refuses it; Helm and GitOps tools have it dropped, and the policy says less than it seems to. A selector without its labels selects everything. Correct the name or the place of the field.',
  },
  'empty-from': {
    level: 'FAIL', title: 'A list of peers has nothing in it',
    help: 'A rule whose from or to is empty, or misspelt, allows everybody. Put the peers under it, or remove the rule.',
  },
  'or-for-and': {
    level: 'WARN', title: 'Two peers where one was probably meant',
    help: 'A namespaceSelector and a podSelector with a dash each are two peers: all pods of those namespaces, or those pods of the own namespace. Under one dash they are pods of those namespaces.',
  },
  'policytypes-surprise': {
    level: 'WARN', title: 'policyTypes is missing, and its default surprises',
    help: 'Without policyTypes a policy always isolates ingress, and egress only if it has an egress rule. Write policyTypes.',
  },
  'inert-rules': {
    level: 'WARN', title: 'Rules of a direction that policyTypes does not list',
    help: 'Such rules have no effect. Add the direction to policyTypes, or remove the rules.',
  },
  'except-leaks': {
    level: 'WARN', title: 'An except list leaves private ranges reachable',
    help: 'A range meant for the internet still reaches the metadata address of clouds, or private ranges. Add them to except.',
  },
  'metadata-reachable': {
    level: 'WARN', title: 'The metadata address of clouds is reachable',
    help: 'A rule for every address lets pods ask 169.254.169.254 or fd00:ec2::254 for the credentials of their node. Add it to except.',
  },
  'empty-pod-selector-with-rules': {
    level: 'WARN', title: 'A rule for one application applies to all pods',
    help: 'With an empty podSelector, a policy applies to every pod of the namespace. Put the labels of the application into podSelector.',
  },
  'rule-without-ports': {
    level: 'WARN', title: 'A rule names no ports',
    help: 'Without ports a rule allows every port and protocol. List those that are needed.',
  },
  'dns-matches-nothing': {
    level: 'WARN', title: 'A rule for DNS that matches no DNS pod',
    help: 'It allows nothing. Usually the namespace is selected by a label that it does not have: use kubernetes.io/metadata.name.',
  },
  'unknown-label': {
    level: 'WARN', title: 'A selector asks for a label that nobody has',
    help: 'Usually a spelling mistake, or a label of another object than the pod. Correct the selector.',
  },
  'selects-nothing': {
    level: 'WARN', title: 'A policy selects no pod',
    help: 'It does nothing. Correct the podSelector, or remove the policy if its pods are gone.',
  },
  'opens-later': {
    level: 'WARN', title: 'A rule for everybody in a policy that selects no pod',
    help: 'Nothing is open yet: the first pod that the policy selects will be. Name the peers and ports that are needed, or remove the policy.',
  },
  'peer-matches-nothing': {
    level: 'WARN', title: 'A peer matches no pod or no namespace',
    help: 'It lets nobody through. Correct the selectors; pods of another namespace need a namespaceSelector beside the podSelector.',
  },
  'named-port-unresolved': {
    level: 'WARN', title: 'A port by a name that no destination has',
    help: 'Names are looked up on the destination pods, together with the protocol. Name the port in the pod, or write its number.',
  },
};
