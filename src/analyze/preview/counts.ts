/** A preview in numbers. */
import type { PolicyChange } from './changes.ts';
import type { Preview } from './preview.ts';

export interface PreviewCounts {
  readonly namespaces: number;
  /** Namespaces in which something is written. */
  readonly touched: number;
  readonly created: number;
  readonly changed: number;
  readonly deleted: number;
  /** Namespaces that keep an isolation which the breaker does not let go. */
  readonly heldNamespaces: number;
  readonly needs: number;
  readonly cut: number;
  readonly alreadyBlocked: number;
  readonly unknown: number;
  readonly unresolved: number;
}

export function countsOf(preview: Preview): PreviewCounts {
  const changes = preview.namespaces.flatMap((outcome) => outcome.changes);
  const count = (action: PolicyChange['action']): number => changes.filter((change) => change.action === action).length;
  return {
    namespaces: preview.namespaces.length, touched: preview.namespaces.filter((outcome) => outcome.changes.length > 0).length,
    created: count('create'), changed: count('change'), deleted: count('delete'),
    heldNamespaces: new Set(preview.held.flatMap(({ namespaces }) => namespaces)).size,
    needs: preview.needs, cut: preview.cuts.length, alreadyBlocked: preview.alreadyBlocked.length, unknown: preview.unknown.length, unresolved: preview.unresolved.length,
  };
}

/** The part of a preview that is about some namespaces: what becomes of them, and needs with an end in one of them. */
export function within(preview: Preview, includes: (namespace: string) => boolean): Preview {
  const concerns = ({ need: { from, to } }: Pick<Preview['cuts'][number], 'need'>): boolean => [from, to].some((party) => party.kind === 'pods' && includes(party.namespace));
  const cuts = preview.cuts.filter(concerns);
  const wanted = new Set(cuts.flatMap(({ keptBy }) => keptBy));
  return {
    ...preview, cuts, namespaces: preview.namespaces.filter(({ namespace }) => includes(namespace)),
    held: preview.held.map((held) => ({ ...held, namespaces: held.namespaces.filter(includes) })).filter(({ namespaces }) => namespaces.length > 0),
    alreadyBlocked: preview.alreadyBlocked.filter(concerns), unknown: preview.unknown.filter(concerns),
    unresolved: preview.unresolved.filter(({ because: { namespace } }) => namespace === undefined || includes(namespace)),
    suggestions: { ...preview.suggestions, policies: preview.suggestions.policies.filter(({ name }) => wanted.has(name)) },
  };
}
