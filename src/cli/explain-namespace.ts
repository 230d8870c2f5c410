/** `npb explain namespace X`: why a namespace has the policies that it has, and what would change. */
import { didYouMean, nearNames } from '../analyze/explain/near-names.ts';
import { explainNamespace as explanationOf, type NamespaceExplanation } from '../analyze/explain/namespace.ts';
import { namespaceLines } from '../analyze/explain/namespace-lines.ts';
import { namespacesOf, VIEW_KINDS, WORLD_KINDS } from '../analyze/world.ts';
import { systemClock } from '../control/clock.ts';
import { EXIT, SourceError, UsageError, type CommandOption, type Flags, type Host } from './command.ts';
import { evaluationOptions } from './ip-block.ts';
import { toJson } from './output/json.ts';
import { linesText } from './output/lines.ts';
import { outputOf } from './output/output.ts';
import { toYaml } from './output/yaml.ts';
import { mustHaveRead } from './preview/baselines.ts';
import { loadSnapshot } from './sources/source.ts';
import { SYSTEM_NAMESPACES_OPTION, systemNamespacesOf } from './sources/system-namespaces.ts';

/** Beside those of `npb explain`. */
export const EXPLAIN_NAMESPACE_OPTIONS: readonly CommandOption[] = [SYSTEM_NAMESPACES_OPTION];

const FORMATS = ['table', 'json', 'yaml'] as const;

export async function explainNamespace(host: Host, flags: Flags, names: readonly string[]): Promise<number> {
  const [name, ...more] = names;
  if (name === undefined || more.length > 0) throw new UsageError(`expected the name of one namespace, for example: ${host.calledAs} explain namespace shop`);
  const output = outputOf(host, flags, FORMATS);
  const options = evaluationOptions(flags);
  const systemNamespaces = systemNamespacesOf(host, flags);
  const snapshot = await loadSnapshot(host, { ...flags, namespace: undefined }, [...WORLD_KINDS, ...VIEW_KINDS]);
  mustHaveRead(snapshot, VIEW_KINDS);
  const explanation = explanationOf({ snapshot, namespace: name, systemNamespaces, nowMs: systemClock.wallMs(), options });
  if (explanation === undefined) throw new SourceError(`${snapshot.from}: there is no namespace ${JSON.stringify(name)}${didYouMean(nearNames(name, namespacesOf(snapshot).map((each) => each.name)))}`);
  switch (output.format) {
    case 'table': await output.write(linesText(namespaceLines(explanation), output.style)); break;
    case 'json': await output.write(toJson(documentOf(explanation))); break;
    case 'yaml': await output.write(toYaml(documentOf(explanation))); break;
  }
  return EXIT.ok;
}

/** Stable: fields are added, and neither renamed nor removed, while `schemaVersion` stays. docs/cli.md describes it. */
function documentOf({ directions, ...rest }: NamespaceExplanation): object {
  return { kind: 'NamespaceExplanation', schemaVersion: 1, ...rest, ingress: directionDocument(directions.Ingress), egress: directionDocument(directions.Egress) };
}

function directionDocument({ coverage, enforcedBy, audit }: NamespaceExplanation['directions']['Ingress']): object {
  if (audit === undefined) return { coverage, enforcedBy };
  const { class: name, isolated, counts, defaultDeny, defeatedBy } = audit;
  return { coverage, enforcedBy, class: name, isolated, pods: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))), defaultDeny, defeatedBy };
}
