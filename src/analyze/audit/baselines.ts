/** Baselines of a snapshot that count, and those that an API server or the operator would not use, which exempt nothing. */
import { parseBaseline, type BaselineRecord } from '../../kube/objects.ts';
import { pathText } from '../explain/words.ts';
import { baselineProblems } from '../preview/baseline-problems.ts';
import { objectsOf, type KubeObject, type Origin, type Snapshot } from '../snapshot.ts';
import { withoutNulls } from '../workloads.ts';

export interface UnusableBaseline {
  readonly name: string;
  /** The first of what is wrong. */
  readonly why: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
}

export interface Baselines { readonly usable: readonly BaselineRecord[]; readonly unusable: readonly UnusableBaseline[] }

export function baselinesIn(snapshot: Snapshot): Baselines {
  const found = objectsOf(snapshot, 'NamespacePolicyBaseline').map(({ object, origin }) => {
    const record = parseBaseline(withoutNulls(object) as KubeObject);
    return { record, unusable: snapshot.source === 'files' && record.uid === '' ? refusedOf(object, origin) : unparsedOf(record, origin) };
  });
  return { usable: found.flatMap(({ record, unusable }) => (unusable === undefined ? [record] : [])), unusable: found.flatMap(({ unusable }) => unusable ?? []) };
}

/** As `npb preview` has it. */
function refusedOf(object: KubeObject, origin: Origin | undefined): UnusableBaseline | undefined {
  const [first] = baselineProblems(object);
  return first && { name: object.metadata.name, why: `${pathText(first.path)}: ${first.message}`, file: origin?.file, line: origin?.lineOf(first.path) };
}

/** Stored by an API server that had another CRD. */
function unparsedOf({ name, problem }: BaselineRecord, origin: Origin | undefined): UnusableBaseline | undefined {
  return problem === undefined ? undefined : { name, why: problem, file: origin?.file, line: origin?.line };
}
