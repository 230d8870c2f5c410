/**
 * A need: a connection that some object of the cluster says must work, with the object that says so.
 *
 * Its ends are sets of pods or addresses that are alike: a need of a workload is one need, not one per pod.
 */
import type { LabelSelector } from '../../api/network-policy.ts';
import type { Pod, Protocol } from '../../netpol/model.ts';

/** In the order of reports: what breaks a cluster comes before what breaks an application. */
export const NEED_KINDS = [
  'admission webhook', 'conversion webhook', 'API service', 'DNS', 'API server', 'ingress', 'gateway', 'outside', 'scrape', 'service',
] as const;
export type NeedKind = (typeof NEED_KINDS)[number];

/** The object that says so, and where in it. */
export interface Because {
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  /** For example `variable ORDERS_URL of container web`; empty where the object says it as a whole. */
  readonly where: string;
}

export interface PodParty {
  readonly kind: 'pods';
  /** `Deployment shop/web`, `Service shop/orders`. */
  readonly name: string;
  readonly namespace: string;
  /** At least one; none that is terminal. */
  readonly pods: readonly Pod[];
  /** Behind a Service with an address of its own: a pod may reach itself through it. */
  readonly throughService?: true;
  /** What selects these pods in their namespace, where an object says so: a Service's selector. */
  readonly selector: LabelSelector | undefined;
}

export interface AddressParty {
  readonly kind: 'addresses';
  readonly name: string;
  /** At least one. */
  readonly ips: readonly string[];
  /** Ranges that hold every address that can be meant; absent: the addresses themselves. */
  readonly ranges?: readonly string[];
}

export type Party = PodParty | AddressParty;

export interface Need {
  readonly kind: NeedKind;
  readonly from: Party;
  readonly to: Party;
  /** Of the pods or addresses, behind any Service. */
  readonly port: number;
  readonly protocol: Protocol;
  readonly because: Because;
  /** Objects, or places in this one, that say the same. */
  readonly alsoBecause: number;
}

/** Something is needed, and one end of it cannot be found. */
export interface Unresolved {
  readonly kind: NeedKind;
  readonly because: Because;
  /** For people: what is missing. Equal for equal causes. */
  readonly problem: string;
}

export interface Needs {
  /** Sorted by kind, then by their ends. */
  readonly needs: readonly Need[];
  readonly unresolved: readonly Unresolved[];
}

/** One of either, on the way to `Needs`. */
export type Finding = Omit<Need, 'alsoBecause'> | Unresolved;

export function becauseText({ kind, namespace, name, where }: Because): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}${where === '' ? '' : `, ${where}`}`;
}

export function portText({ port, protocol }: Pick<Need, 'port' | 'protocol'>): string {
  return protocol === 'TCP' ? String(port) : `${port}/${protocol}`;
}

/** `Deployment shop/web -> Service shop/orders, port 8080`. */
export function needText(need: Pick<Need, 'from' | 'to' | 'port' | 'protocol'>): string {
  return `${need.from.name} -> ${need.to.name}, port ${portText(need)}`;
}
