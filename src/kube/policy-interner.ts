/**
 * What thousands of policies have in common is kept once: specs in their canonical form, and our labels.
 *
 * Promises: bounded, whatever tenants write; sharing is only a saving, so that forgetting does no harm.
 */
import { hashedSpec, type HashedSpec } from '../api/canonical.ts';
import { areOurLabels } from '../api/names.ts';
import type { NetworkPolicySpec } from '../api/network-policy.ts';

/** The four labels by which a generated policy is known, each absent when it is not there. */
export interface OwnLabels {
  readonly managedBy: string | undefined;
  readonly partOf: string | undefined;
  readonly baseline: string | undefined;
  readonly template: string | undefined;
}

export interface InternedSpec extends HashedSpec {
  /** How long it is as text. */
  readonly characters: number;
}

export interface PolicyInterner {
  /** The canonical form of a spec as it came from the wire; what is equal is shared. */
  spec(wire: NetworkPolicySpec | undefined): InternedSpec;
  /** The same labels as often as they come: thousands of policies differ in nothing but their namespace. */
  labels(own: OwnLabels): OwnLabels;
  /** Whether records keep the specs of foreign policies. */
  readonly keepsForeign: boolean;
}

const LABELS_LIMIT = 10_000;

export function policyInterner({ limitCharacters = 4_000_000, keepsForeign = false } = {}): PolicyInterner {
  return { spec: specInterner(limitCharacters), labels: labelInterner(), keepsForeign };
}

/**
 * Remembers canonical specs by their text; forgets all when it holds so many characters, since sharing is only a
 * saving. Counted in characters and not in specs: a tenant may write thousands of policies of a megabyte each.
 */
function specInterner(limitCharacters: number): PolicyInterner['spec'] {
  const byText = new Map<string, InternedSpec>();
  const byHash = new Map<string, InternedSpec>();
  let characters = 0;
  return (spec) => {
    const text = JSON.stringify(spec ?? {});
    const known = byText.get(text);
    if (known !== undefined) return known;
    const fresh = { ...hashedSpec(spec ?? ({} as NetworkPolicySpec)), characters: text.length };
    const shared = byHash.get(fresh.hash) ?? fresh;
    if (characters + text.length > limitCharacters) {
      byText.clear();
      byHash.clear();
      characters = 0;
    }
    byText.set(text, shared);
    byHash.set(shared.hash, shared);
    characters += text.length;
    return shared;
  };
}

/** Of policies with all of our labels; whoever writes policies may write any. */
function labelInterner(): PolicyInterner['labels'] {
  const known = new Map<string, OwnLabels>();
  return (labels) => {
    if (!areOurLabels(labels) || labels.partOf !== labels.managedBy) return labels;
    const key = `${labels.baseline}/${labels.template}`; // no value of a label has a slash
    const shared = known.get(key) ?? labels;
    if (known.size >= LABELS_LIMIT) known.clear();
    known.set(key, shared);
    return shared;
  };
}
