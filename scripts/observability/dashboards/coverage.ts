/** Which namespaces are covered, which are not and who owns them, what is really isolated, and who is exempt until when. */
import { STATE_GAUGES, COUNTERS } from '../../../src/observe/metric-catalog.ts';
import { CLUSTER_QUERIES as q, dashboard } from './frame.ts';
import { NEUTRAL, NONE_IS_BETTER, NONE_IS_GOOD, stat, table, timeseries, type Colours } from './panels.ts';

const {
  coverageNamespaces, effectiveNamespaces, effectivePods, exemptionExpiry, exemptions, namespaceAttention, namespaceAttentionDropped,
  namespaces, namespacesIsolated, namespacesOverridden, stalePolicies,
} = STATE_GAUGES;

/** Said of a namespace whose policies are as planned; every other reason means that some are not. */
const AS_PLANNED = 'Overridden|Leftover|ExemptionOverridden';
const RATIO: Colours = [{ from: null, color: 'red' }, { from: 0.8, color: 'yellow' }, { from: 0.95, color: 'green' }];
const STAT = { span: 4, height: 5 } as const;
const HALF = { span: 12, height: 8 } as const;
const NAMES = { cluster: 'Cluster', namespace: 'Namespace', reason: 'Reason', owner: 'Owner' } as const;

const covered = (by: readonly ('cluster' | 'direction')[]): string =>
  `${q.sum(coverageNamespaces, by, { coverage: '="protected"' })} / ${q.sum(coverageNamespaces, by, { coverage: '!~"exempt|excluded"' })}`;

const attention = (reason?: string): string =>
  q.max(namespaceAttention, ['cluster', 'namespace', 'reason', 'owner'], reason === undefined ? {} : { reason });

export const coverageDashboard = dashboard({
  uid: 'npb-coverage', title: 'Coverage', perInstance: false,
  description: 'Which namespaces are covered by a baseline and really isolated, which need attention and who owns them, and which are exempt until when.',
  sections: [
    { title: 'At a glance', panels: [
      stat({ ...STAT, title: 'Covered', unit: 'percentunit', colours: RATIO,
        description: 'Namespaces in which a default-deny of a baseline is in place, of those that are neither exempt nor excluded.',
        queries: [{ expr: covered(['direction']), legend: '{{direction}}' }] }),
      stat({ ...STAT, title: 'Really isolated', unit: 'percentunit', colours: NEUTRAL,
        description: 'Namespaces whose weakest pod is restricted or closed by all policies together, of all namespaces, system namespaces included. Empty while that is not known.',
        queries: [{ expr: `${q.sum(namespacesIsolated, ['direction'])} / ${q.sum(effectiveNamespaces, ['direction'])}`, legend: '{{direction}}' }] }),
      stat({ ...STAT, title: 'Need attention', unit: 'short', colours: NONE_IS_GOOD,
        description: 'Namespaces that are not as they should be. The table below names them.',
        queries: [{ expr: `(sum(${q.series(namespaceAttention)}) or vector(0)) + ${q.sum(namespaceAttentionDropped, [])}`, legend: 'namespaces' }] }),
      stat({ ...STAT, title: 'Overridden', unit: 'short', colours: NONE_IS_GOOD,
        description: 'Namespaces with a default-deny that are open all the same, through a policy that no baseline generates.',
        queries: [{ expr: q.sum(namespacesOverridden, ['direction']), legend: '{{direction}}' }] }),
      stat({ ...STAT, title: 'Exemptions now', unit: 'short', colours: NEUTRAL,
        description: 'Exemptions in the baselines. An expired one has no effect any more and can be removed.',
        queries: [{ expr: q.sum(exemptions, ['state']), legend: '{{state}}' }] }),
      stat({ ...STAT, title: 'Not shown', unit: 'short', colours: NONE_IS_BETTER,
        description: 'Namespaces that need attention beyond the 200 worst of each cluster, which are the ones that have names here.',
        queries: [{ expr: q.sum(namespaceAttentionDropped, []), legend: 'namespaces' }] }),
    ] },
    { title: 'Which namespaces need attention, and whose they are', panels: [
      table({ ...HALF, title: 'Without protection as planned', unit: 'none', columns: NAMES, sortBy: 'Namespace', empty: 'None',
        description: 'Namespaces whose policies are missing, refused, edited or in conflict, or that no baseline decides about. The reasons are explained in docs/troubleshooting.md.',
        queries: [{ expr: attention(`!~"${AS_PLANNED}"`) }] }),
      table({ ...HALF, title: 'Overridden, by name', unit: 'none', columns: NAMES, sortBy: 'Namespace', empty: 'None',
        description: 'Namespaces that have their policies and are open all the same. status.worst of the baseline and npb audit name the policy that does it.',
        queries: [{ expr: attention('="Overridden"') }] }),
      table({ ...HALF, title: 'Policies left over, exemptions overridden', unit: 'none', columns: NAMES, sortBy: 'Namespace', empty: 'None',
        description: 'Namespaces with policies that are no longer planned, and those that one baseline exempts and another one enforces.',
        queries: [{ expr: attention('=~"Leftover|ExemptionOverridden"') }] }),
      table({ ...HALF, title: 'By owner', unit: 'short', columns: { cluster: 'Cluster', owner: 'Owner', Value: 'Namespaces' }, empty: 'None',
        description: 'How many namespaces of whom need attention. The owner is the label or annotation of the namespace that spec.ownerKey of the baseline names.',
        queries: [{ expr: `sort_desc(${q.sum(namespaceAttention, ['cluster', 'owner'])})` }] }),
    ] },
    { title: 'Trend', panels: [
      timeseries({ ...HALF, title: 'Covered, by cluster', unit: 'percentunit', max: 1,
        description: 'Namespaces in which a default-deny of a baseline is in place, of those that are neither exempt nor excluded.',
        queries: [{ expr: covered(['cluster', 'direction']), legend: '{{cluster}} {{direction}}' }] }),
      timeseries({ ...HALF, title: 'Namespaces by state', unit: 'short', stacked: true,
        description: 'For each baseline every namespace is in exactly one state.',
        queries: [{ expr: q.sum(namespaces, ['baseline', 'state']), legend: '{{baseline}} {{state}}' }] }),
      ...(['Ingress', 'Egress'] as const).map((direction) => timeseries({ ...HALF, title: `${direction}: namespaces by coverage`, unit: 'short', stacked: true,
        description: 'Over all baselines, every namespace that is not terminating exactly once.',
        queries: [{ expr: q.sum(coverageNamespaces, ['coverage'], { direction: `="${direction}"` }), legend: '{{coverage}}' }] })),
    ] },
    { title: 'Isolation, by all policies together', panels: [
      ...(['Ingress', 'Egress'] as const).map((direction) => timeseries({ ...HALF, title: `${direction}: namespaces by class`, unit: 'short', stacked: true,
        description: 'The class of the weakest pod, from open to closed. What a policy of a kind that is not evaluated may change is unknown.',
        queries: [{ expr: q.sum(effectiveNamespaces, ['class'], { direction: `="${direction}"` }), legend: '{{class}}' }] })),
      timeseries({ ...HALF, title: 'Pods by class', unit: 'short', stacked: true,
        description: 'What all policies together let through to and from pods. Pods of the network of their host are not coverable.',
        queries: [{ expr: q.sum(effectivePods, ['direction', 'class']), legend: '{{direction}} {{class}}' }] }),
      timeseries({ ...HALF, title: 'Opened and closed by others', unit: 'short',
        description: 'Changes of what pods that were there before let through, other than by generated policies: by a foreign policy, a label, or a cluster-wide policy.',
        queries: [{ expr: q.increase(COUNTERS.effectiveDrift, ['direction', 'change', 'cause'], '$__rate_interval'), legend: '{{direction}} {{change}} by {{cause}}' }] }),
    ] },
    { title: 'Exemptions', panels: [
      table({ ...HALF, title: 'Exemptions that end', unit: 'short', sortBy: 'Ends in', empty: 'No exemption has an end',
        description: 'What is exempt until when. Past its end an exemption has no effect, and the policies are back by themselves.',
        columns: { cluster: 'Cluster', baseline: 'Baseline', exemption: 'Exempt', 'Value #A': 'Ends', 'Value #B': 'Ends in' }, units: { Ends: 'dateTimeAsIso', 'Ends in': 's' },
        queries: [
          { expr: `${q.max(exemptionExpiry, ['cluster', 'baseline', 'exemption'])} * 1000` },
          { expr: `${q.max(exemptionExpiry, ['cluster', 'baseline', 'exemption'])} - time()` },
        ] }),
      timeseries({ ...HALF, title: 'Exemptions by baseline', unit: 'short',
        description: 'Entries in spec.exemptions. One entry with a selector can exempt many namespaces.',
        queries: [{ expr: q.sum(exemptions, ['baseline', 'state']), legend: '{{baseline}} {{state}}' }] }),
      timeseries({ ...HALF, title: 'Foreign policies that do less than they say', unit: 'short',
        description: 'Policies that no baseline generates and that select no pod, or name peers that do not exist. Empty while isolation is not known.',
        queries: [{ expr: q.sum(stalePolicies, ['reason']), legend: '{{reason}}' }] }),
    ] },
  ],
});
