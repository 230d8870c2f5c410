/** config/helm/README.md: every value of the chart, from values.yaml and the comments in it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isScalar, parse, parseDocument, type Pair, type YAMLMap } from 'yaml';
import { markdownTable } from './markdown.ts';

const CHART = join(import.meta.dirname, '../../config/helm');
/** Maps that go into the pod as they are: one row, whatever is in them. */
const PASSED_ON = new Set(['podSecurityContext', 'securityContext', 'resources']);
/** Longer defaults are better read in values.yaml. */
const SHOWN = 60;

export interface ChartValue { readonly key: string; readonly fallback: string; readonly meaning: string }

export function chartReadme(): string {
  const { name, description, kubeVersion } = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')) as Record<string, string>;
  return [
    `# ${name}`,
    '',
    '<!-- Generated from values.yaml by `npm run generate`; changes made here are lost. -->',
    '',
    `${description}. Needs Kubernetes ${(kubeVersion ?? '').replace(/^>=(\d+\.\d+).*/, '$1 or newer')}; works with Helm 3 and Helm 4.`,
    '',
    'There is no published chart or image yet. From a checkout of the repository, with an image in a registry of yours:',
    '',
    '```sh',
    'helm package config/helm --destination dist',
    `helm upgrade --install ${name} dist/${name}-*.tgz \\`,
    `  --namespace ${name}-system --create-namespace --set image.repository=registry.example.com/${name}`,
    '```',
    '',
    'The folder itself can be installed as well: `files/` holds symbolic links into the repository, and Helm says so each time. Installation,',
    'upgrades, other ways than Helm: `docs/installation.md` in the repository; what uninstalling leaves behind: `docs/uninstall.md`.',
    '',
    '## Values',
    '',
    'Anything else is refused by `values.schema.json`.',
    '',
    ...markdownTable(['value', 'default', 'meaning'], chartValues(readFileSync(join(CHART, 'values.yaml'), 'utf8')).map(({ key, fallback, meaning }) => [`\`${key}\``, fallback, meaning])),
    '',
  ].join('\n');
}

/** In the order of the file. The comment above a key is its meaning. */
function chartValues(text: string): ChartValue[] {
  const { contents } = parseDocument(text);
  if (!isMap(contents)) throw new Error('values.yaml is not a map');
  return rowsOf(contents, '');
}

function rowsOf(map: YAMLMap, prefix: string): ChartValue[] {
  return map.items.flatMap((pair, index) => {
    const key = prefix + String(pair.key);
    const meaning = meaningOf(map, pair, index);
    if (isMap(pair.value) && pair.value.items.length > 0 && !PASSED_ON.has(key)) {
      return [...(meaning === '' ? [] : [{ key, fallback: '', meaning }]), ...rowsOf(pair.value, `${key}.`)];
    }
    return [{ key, fallback: shown(pair.value), meaning }];
  });
}

/** The parser gives what stands above the first key of a map to the map; the last paragraph is the one about the key. */
function meaningOf(map: YAMLMap, { key }: Pair, index: number): string {
  const own = isScalar(key) ? key.commentBefore : undefined;
  const above = own ?? (index === 0 ? map.commentBefore : undefined) ?? '';
  return (above.split('\n\n').at(-1) ?? '').split('\n').map((line) => line.trim()).join(' ').trim();
}

function shown(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length > SHOWN ? 'see values.yaml' : `\`${json}\``;
}
