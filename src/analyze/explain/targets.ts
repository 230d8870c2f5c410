/**
 * Where a connection ends: each member of a destination with the port there. Of a Service these are the pods behind it
 * with their own ports, which is what policies see.
 */
import type { PodPort, Protocol } from '../../netpol/model.ts';
import type { Service, ServicePort } from '../needs/catalog.ts';
import type { SnapshotPod } from '../world.ts';
import type { Cluster } from './cluster.ts';
import { endText, quoted, type Problem } from './end.ts';
import { memberOf, METADATA_PORT, noService, membersOf, type Member, type Members } from './members.ts';
import { portText, type Destination, type Port } from './port.ts';
import { counted, listed } from './words.ts';

export interface Target {
  readonly to: Member;
  readonly protocol: Protocol | 'ICMP';
  /** 0 for ICMP. */
  readonly port: number;
  readonly throughService: boolean;
}

export interface Targets {
  readonly targets: readonly Target[];
  readonly notes: readonly string[];
  /** Ports of a Service that was asked for as a whole, at which nobody answers: no pod behind it has them. */
  readonly dead: readonly string[];
}

/** Every port is asked for by those who know the rules; here it is a mistake. */
export type OnePort = Exclude<Port, { readonly kind: 'any' }>;

export function targetsOf(cluster: Cluster, { end, port }: Destination): Targets | Problem {
  if (port?.kind === 'any') return { problem: 'any is not one port: write the one that is meant' };
  if (end.kind === 'service') {
    const service = cluster.catalog.service(end.namespace, end.name);
    return service === undefined ? noService(cluster, end) : serviceTargets(cluster, service, port);
  }
  const service = end.kind === 'address' ? cluster.serviceAt(end.address) : undefined;
  if (service !== undefined && isServed(service, port)) return behindAddress(cluster, service, { text: endText(end), port });
  const members = membersOf(cluster, end);
  if ('problem' in members) return members;
  return memberTargets(members, end.kind === 'metadata' ? port ?? { kind: 'number', port: METADATA_PORT, protocol: 'TCP' } : port);
}

function behindAddress(cluster: Cluster, service: Service, { text, port }: { readonly text: string; readonly port: OnePort | undefined }): Targets | Problem {
  const found = serviceTargets(cluster, service, port);
  return 'problem' in found ? found : { ...found, notes: [`${text} is an address of Service ${idOf(service)}.`, ...found.notes] };
}

/** A pod is not looked for behind an address for a port that the Service does not have. */
function isServed({ ports }: Service, port: Port | undefined): boolean {
  return port === undefined || (port.kind !== 'icmp' && ports.some((entry) => isPort(entry, port)));
}

/** Members whose ports are not those of a Service. */
export function memberTargets({ members, notes }: Members, port: OnePort | undefined): Targets | Problem {
  const found = members.map((member) => targetsAt(member, port));
  const targets = found.flatMap((each) => ('problem' in each ? [] : each));
  const problems = found.flatMap((each) => ('problem' in each ? each.problem : []));
  const [problem] = problems;
  if (problem !== undefined && targets.length === 0) return { problem };
  return { targets, notes: [...notes, ...new Set(problems.map((each) => `Left out: ${each}.`))], dead: [] };
}

function targetsAt(to: Member, port: OnePort | undefined): readonly Target[] | Problem {
  const at = (number: number, protocol: Target['protocol']): Target => ({ to, port: number, protocol, throughService: false });
  if (port?.kind === 'number') return [at(port.port, port.protocol)];
  if (port?.kind === 'icmp') return [at(0, 'ICMP')];
  if (to.kind !== 'pod') return { problem: port === undefined ? 'an address has no ports of its own: write ADDRESS:PORT' : `an address has no port named ${quoted(port.name)}: write its number` };
  const named = port === undefined ? to.pod.ports : to.pod.ports.filter(({ name, protocol }) => name === port.name && (port.protocol ?? protocol) === protocol);
  const distinct = [...new Map(named.map((entry) => [`${entry.containerPort}/${entry.protocol}`, entry])).values()];
  const [only, ...others] = distinct;
  if (only === undefined || (port === undefined && others.length > 0)) return { problem: noPort(to.text, to.pod.ports, port) };
  return distinct.map(({ containerPort, protocol }) => at(containerPort, protocol));
}

function noPort(text: string, declared: readonly PodPort[], port: Extract<Port, { readonly kind: 'name' }> | undefined): string {
  const all = listed([...new Set(declared.map(declaredText))]);
  const has = all === '' ? 'it declares none' : `it declares ${all}`;
  return port === undefined ? `${text} does not say which port is meant: ${has}. Write ${text}:PORT` : `${text} has no port named ${quoted(portText(port))}: ${has}`;
}

function declaredText({ name, containerPort, protocol }: PodPort): string {
  return `${portText({ kind: 'number', port: containerPort, protocol })}${name === undefined ? '' : ` (${name})`}`;
}

const idOf = ({ namespace, name }: Service): string => `${namespace}/${name}`;

function serviceTargets(cluster: Cluster, service: Service, port: OnePort | undefined): Targets | Problem {
  const { externalName, ports } = service;
  const called = `Service ${idOf(service)}`;
  if (externalName !== undefined) return { problem: `${called} is another name for ${quoted(externalName)} (ExternalName): ask for its addresses` };
  if (port?.kind === 'icmp') return { problem: `${called} passes on its ports only, and ICMP has none` };
  const asked = portsAsked(service, port);
  if (asked.length === 0) return { problem: `${called} has no port ${port === undefined ? 'at all' : portText(port)}${ports.length === 0 ? '' : `: it has ${listed(ports.map(servicePortText))}`}` };
  const found = service.selector === undefined ? written(cluster, service, asked) : selected(cluster, service, asked);
  if ('problem' in found) return found;
  if (!service.headless) return found;
  const targets = found.targets.map((target) => ({ ...target, throughService: false }));
  return { ...found, targets, notes: [`${called} is headless: clients connect to its pods directly.`, ...found.notes] };
}

/** Nothing stands before the pods of a headless Service that would change a number; a name is looked up with its number. */
function portsAsked({ ports, headless }: Service, port: Exclude<OnePort, { readonly kind: 'icmp' }> | undefined): readonly ServicePort[] {
  const asked = port === undefined ? ports : ports.filter((entry) => isPort(entry, port));
  return headless && port?.kind !== 'name' ? asked.map((entry) => ({ ...entry, target: entry.port })) : asked;
}

function isPort(entry: ServicePort, port: Exclude<OnePort, { readonly kind: 'icmp' }> | Port): boolean {
  if (port.kind === 'number') return entry.port === port.port && entry.protocol === port.protocol;
  return port.kind === 'name' && entry.name === port.name && (port.protocol ?? entry.protocol) === entry.protocol;
}

function servicePortText({ name, port, protocol }: ServicePort): string {
  return `${portText({ kind: 'number', port, protocol })}${name === undefined ? '' : ` (${name})`}`;
}

function selected(cluster: Cluster, service: Service, asked: readonly ServicePort[]): Targets | Problem {
  const called = `Service ${idOf(service)}`;
  const names = new Set(cluster.catalog.podsSelected(service.namespace, service.selector ?? {}).map(({ name }) => name));
  const pods = (cluster.podsByNamespace.get(service.namespace) ?? []).filter((pod) => names.has(pod.name) && !pod.terminal);
  if (pods.length === 0) return { problem: `${called} has no endpoints: its selector matches no pod, so that nobody answers`, absent: true };
  const targets = asked.flatMap((port) => pods.flatMap((pod) => targetsBehind(port, pod)));
  const [dead, served] = [asked.filter((port) => isDead(port, pods)), asked.filter((port) => !isDead(port, pods))];
  if (targets.length === 0) return { problem: `${called} has no endpoints: no pod behind it has a port named ${listed([...new Set(dead.map(({ target }) => quoted(String(target))))])}` };
  const unnamed = served.flatMap((port) => pods.filter((pod) => targetsBehind(port, pod).length === 0).map((pod) => ({ port, pod })));
  return { targets, dead: dead.map((port) => `${called} has no endpoints for port ${servicePortText(port)}: no pod behind it has a port named ${quoted(String(port.target))}`), notes: [
    `${called}: ${served.map((port) => `port ${servicePortText(port)} is ${typeof port.target === 'number' ? `port ${port.target}` : `the port named ${port.target}`}`).join(', ')} of ${counted(pods.length, 'pod')}.`,
    ...unnamed.map(({ port, pod }) => `Left out: ${pod.namespace}/${pod.name} has no port named ${quoted(String(port.target))}.`), ...readiness(cluster, service, pods),
  ] };
}

function isDead(port: ServicePort, pods: readonly SnapshotPod[]): boolean {
  return pods.every((pod) => targetsBehind(port, pod).length === 0);
}

function targetsBehind({ target, protocol }: ServicePort, pod: SnapshotPod): Target[] {
  const to = memberOf(pod);
  if (typeof target === 'number') return [{ to, port: target, protocol, throughService: true }];
  const numbers = new Set(pod.ports.filter((entry) => entry.name === target && entry.protocol === protocol).map(({ containerPort }) => containerPort));
  return [...numbers].map((port) => ({ to, port, protocol, throughService: true }));
}

/** As far as EndpointSlices tell. */
function readiness(cluster: Cluster, { namespace, name }: Service, pods: readonly SnapshotPod[]): string[] {
  const endpoints = cluster.catalog.endpointsOf(namespace, name);
  if (endpoints === undefined) return [];
  const ready = new Set(endpoints.ips);
  const waiting = pods.filter(({ ips }) => !ips.some((ip) => ready.has(ip)));
  if (waiting.length === 0) return [];
  return [`${waiting.length === pods.length ? 'None of these pods is' : `Not all of these pods are`} a ready endpoint of Service ${namespace}/${name}; those that are not get no traffic now: ${listed(waiting.map((pod) => pod.name))}.`];
}

/** Without a selector somebody writes the endpoints: addresses, or pods where they are addresses of pods. */
function written(cluster: Cluster, service: Service, asked: readonly ServicePort[]): Targets | Problem {
  const called = `Service ${idOf(service)}`;
  const endpoints = cluster.catalog.endpointsOf(service.namespace, service.name);
  if (endpoints === undefined || endpoints.ips.length === 0) return { problem: `${called} has no selector and no endpoints, so that nobody answers`, absent: true };
  const targets = asked.flatMap((port) => endpoints.ips.map((ip): Target => {
    const pod = cluster.catalog.podAt(ip);
    const known = pod === undefined ? undefined : cluster.podsByNamespace.get(pod.namespace)?.find(({ name }) => name === pod.name);
    const direct = service.headless && typeof port.target === 'number' ? port.target : undefined;
    const number = direct ?? endpoints.ports.find(({ name }) => name === port.name)?.port ?? (typeof port.target === 'number' ? port.target : port.port);
    return { to: known === undefined ? { kind: 'address', ip } : memberOf(known), port: number, protocol: port.protocol, throughService: true };
  }));
  return { targets, dead: [], notes: [`${called} has no selector; its EndpointSlices lead to ${listed(endpoints.ips)}.`] };
}
