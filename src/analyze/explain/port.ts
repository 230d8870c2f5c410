/**
 * How people write ports: `8080`, `53/udp`, `http`, `dns/udp`, `icmp`, and where it is allowed, `any`.
 *
 * A name is looked up at the destination later: with its protocol if one is written, else with any.
 */
import { PROTOCOLS, type Protocol } from '../../netpol/model.ts';
import { parseEnd, quoted, type End, type Problem } from './end.ts';

export type Port =
  | { readonly kind: 'number'; readonly port: number; readonly protocol: Protocol }
  | { readonly kind: 'name'; readonly name: string; readonly protocol: Protocol | undefined }
  | { readonly kind: 'icmp' }
  /** Every port of every protocol. */
  | { readonly kind: 'any' };

/** An end with the port that is asked for; absent: none was written. */
export interface Destination { readonly end: End; readonly port: Port | undefined }

const LAST_PORT = 65_535;
const PORT_NAME = /^(?=.*[a-z])[a-z0-9](?:-?[a-z0-9])*$/;

export function parsePort(text: string): Port | Problem {
  const [portText = '', protocolText, ...more] = text.trim().toLowerCase().split('/');
  if (protocolText === undefined && (portText === 'icmp' || portText === 'any')) return { kind: portText };
  const protocol = PROTOCOLS.find((known) => known.toLowerCase() === protocolText);
  if (more.length > 0 || (protocolText !== undefined && protocol === undefined)) return { problem: `${quoted(text)} is no port: expected PORT or PORT/PROTOCOL, with tcp, udp or sctp` };
  return withProtocol(portText, protocol) ?? { problem: `${quoted(text)} is no port: expected a number from 1 to ${LAST_PORT}, the name of a port, or icmp` };
}

function withProtocol(portText: string, protocol: Protocol | undefined): Port | Problem | undefined {
  if (/^\d+$/.test(portText)) return numbered(Number(portText), protocol ?? 'TCP');
  return portText.length <= 15 && PORT_NAME.test(portText) ? { kind: 'name', name: portText, protocol } : undefined;
}

function numbered(port: number, protocol: Protocol): Port | Problem {
  return port >= 1 && port <= LAST_PORT ? { kind: 'number', port, protocol } : { problem: `port ${port} does not exist: expected a number from 1 to ${LAST_PORT}` };
}

/** `END` or `END:PORT`; an IPv6 address with a port stands in brackets. `namespace` as in `parseEnd`. */
export function parseDestination(text: string, namespace?: string): Destination | Problem {
  const [endPart, portPart] = split(text);
  const end = parseEnd(endPart, namespace);
  if ('problem' in end) return end;
  if (portPart === undefined) return { end, port: undefined };
  const port = parsePort(portPart);
  return 'problem' in port ? port : { end, port };
}

function split(text: string): readonly [string, string | undefined] {
  const at = text.lastIndexOf(':');
  const isBareIPv6 = text.indexOf(':') !== at && !text.includes(']');
  if (at === -1 || isBareIPv6 || text.indexOf(']') > at) return [text, undefined];
  return [text.slice(0, at), text.slice(at + 1)];
}

/** As it would be typed; the inverse of `parsePort`. */
export function portText(port: Port): string {
  switch (port.kind) {
    case 'number': return port.protocol === 'TCP' ? String(port.port) : `${port.port}/${port.protocol}`;
    case 'name': return port.protocol === undefined ? port.name : `${port.name}/${port.protocol}`;
    case 'icmp': case 'any': return port.kind;
  }
}
