/** Values as YAML, as people and API servers read it. */
import { stringify } from 'yaml';

/** No anchors, no folded lines; strings that YAML 1.1 would take for something else are quoted. Ends with a line feed. */
export function toYaml(value: unknown): string {
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0, compat: 'yaml-1.1' });
}

/** Documents separated by `---`. */
export function toYamlDocuments(values: readonly unknown[]): string {
  return values.map(toYaml).join('---\n');
}
