/**
 * Services that containers name in their environment and arguments: `http://orders.shop.svc:8080`, `orders:8080`, or a
 * host in one variable and its port in another.
 *
 * Must not: say what a value is, since it may be a password; only which variable named which Service. Values that come
 * from ConfigMaps and Secrets are not read.
 */
import { hostsIn, portOfScheme, serviceNamed } from './addresses-in-text.ts';
import { backendsOf, isMissing, podsBehind, type Backend, type NoBackend } from './backends.ts';
import type { Catalog, Service, Workload } from './catalog.ts';
import { at, itemsOf, portNumberOf, textOf } from './fields.ts';
import type { Because, Finding } from './need.ts';

export function referenceNeeds(catalog: Catalog): Finding[] {
  return catalog.workloads.filter(({ spec }) => at(spec, 'hostNetwork') !== true).flatMap((workload) => ofWorkload(catalog, workload));
}

function ofWorkload(catalog: Catalog, { spec, kind, namespace, name, party }: Workload): Finding[] {
  return containersOf(spec).flatMap((container) => settingsOf(container).flatMap((setting) => referencesIn(catalog, namespace, setting).flatMap((reference): Finding[] => {
    const because: Because = { kind, namespace, name, where: `${setting.where} of container ${textOf(at(container, 'name')) ?? '?'}` };
    const backends = backendsFor(catalog, reference);
    if (isMissing(backends)) return reference.qualified ? [{ kind: 'service', because, problem: backends.problem }] : [];
    return backends.map(({ to, port, protocol }) => ({ kind: 'service', from: party, to, port, protocol, because }));
  })));
}

function containersOf(spec: Workload['spec']): unknown[] {
  return [...itemsOf(at(spec, 'containers')), ...itemsOf(at(spec, 'initContainers'))];
}

/** A variable or an argument. `portText` is what another one says that belongs to it by its name. */
interface Setting { readonly where: string; readonly name: string; readonly value: string; readonly portText: string | undefined }

function settingsOf(container: unknown): Setting[] {
  const variables = new Map(itemsOf(at(container, 'env')).flatMap((entry) => {
    const [name, value] = [textOf(at(entry, 'name')), textOf(at(entry, 'value'))];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  }));
  const expanded = (text: string): string => text.replaceAll(/\$\(([A-Za-z_]\w*)\)/g, (whole, name: string) => variables.get(name) ?? whole);
  const ofEnv = [...variables].map(([name, value]) => ({ where: `variable ${name}`, name, value: expanded(value) }));
  const words = (['command', 'args'] as const).flatMap((field) => itemsOf(at(container, field)).flatMap((word): Word[] => {
    const text = textOf(word);
    return text === undefined ? [] : [{ field, text: expanded(text) }];
  }));
  return [...paired(ofEnv), ...paired(flagsIn(words))];
}

type Unpaired = Omit<Setting, 'portText'>;

interface Word { readonly field: 'command' | 'args'; readonly text: string }
const PLACES = { command: { flag: 'command', word: 'its command' }, args: { flag: 'argument', word: 'its arguments' } } as const;

/** `--name=value`, `--name value`, and words without a name. */
function flagsIn(words: readonly Word[]): Unpaired[] {
  return words.flatMap(({ field, text }, index) => {
    const [, flag = '', value] = /^(--?[A-Za-z][-\w.]*)(?:=(.*))?$/s.exec(text) ?? [];
    const name = flag.replace(/^--?/, '').replaceAll(/[-.]/g, '_').toUpperCase();
    if (value !== undefined) return [{ where: `${PLACES[field].flag} ${flag}`, name, value }];
    // What follows one dash may be a value as well: -psecret.
    const where = /^-[^-]./.test(flag) ? PLACES[field].word : `${PLACES[field].flag} ${flag}`;
    const next = words[index + 1]?.text ?? '';
    if (flag !== '') return next.startsWith('-') ? [] : [{ where, name, value: next }];
    return isFlag(words[index - 1]) ? [] : [{ where: PLACES[field].word, name: '', value: text }];
  });
}

function isFlag(word: Word | undefined): boolean {
  return word !== undefined && /^--?[A-Za-z][-\w.]*$/.test(word.text);
}

/** What a variable is called that holds a host alone. */
const HOST_SUFFIX = /(HOST|HOSTNAME|HOSTS|SERVER|SERVERS|ADDR|ADDRESS|ENDPOINT|SERVICE|BROKER|BROKERS|UPSTREAM|BACKEND)$/i;

function paired(settings: readonly Unpaired[]): Setting[] {
  const byName = new Map(settings.map(({ name, value }) => [name.toUpperCase(), value]));
  return settings.map((setting) => ({ ...setting, portText: byName.get(setting.name.toUpperCase().replace(HOST_SUFFIX, 'PORT')) }));
}

interface Reference { readonly service: Service | undefined; readonly namespace: string; readonly name: string; readonly port: number | undefined; readonly qualified: boolean }

function referencesIn(catalog: Catalog, ownNamespace: string, setting: Setting): Reference[] {
  return hostsIn(setting.value).flatMap((found) => {
    const named = nameIn(found.host, ownNamespace);
    if (named === undefined) return [];
    const service = catalog.service(named.namespace, named.name);
    if (service === undefined && !named.qualified) return [];
    const port = found.port ?? portNumberOf(setting.portText) ?? portOfScheme(found.scheme);
    const isHostOnly = found.port === undefined && found.scheme === undefined;
    // A word that happens to be the name of a Service says nothing, unless the variable is called as one that holds a host.
    if (isHostOnly && !named.qualified && !(HOST_SUFFIX.test(setting.name) && found.host === setting.value.trim().toLowerCase())) return [];
    return [{ ...named, service, port }];
  });
}

/** As the resolver of a pod completes names: in its own namespace first. `qualified`: it ends in `.svc`, so that it can be nothing else. */
function nameIn(host: string, ownNamespace: string): { namespace: string; name: string; qualified: boolean } | undefined {
  const labels = host.split('.');
  const qualified = serviceNamed(host);
  if (qualified !== undefined) return { ...qualified, qualified: true };
  const [first = '', second, third, ...more] = labels;
  if (second === undefined) return { name: first, namespace: ownNamespace, qualified: false };
  if (third === undefined) return { name: first, namespace: second, qualified: false };
  return more.length === 0 ? { name: second, namespace: third, qualified: false } : undefined; // a pod behind a headless Service
}

/** Names of a headless Service are addresses of pods: its ports change nothing. */
function backendsFor(catalog: Catalog, { service, namespace, name, port }: Reference): readonly Backend[] | NoBackend {
  const to = service?.headless === true ? podsBehind(catalog, service) : undefined;
  return to === undefined || port === undefined ? backendsOf(catalog, { namespace, name, port }) : [{ to, port, protocol: 'TCP' }];
}
