/**
 * Truth tables for the evaluator, as JSON: cases of snapshots with every pair of pods, or assertions with the objects
 * before each. Read from .json or .json.gz.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { StoredClusterPolicySpec, StoredNetworkPolicySpec } from '../../src/netpol/stored.ts';

export type Labels = Record<string, string>;
export interface OraclePod {
  namespace: string; name: string; labels: Labels; ip: string; hostNetwork?: boolean;
  ports: { name: string; containerPort: number; protocol: string }[];
}
export interface OraclePolicy { metadata: { name: string; namespace: string }; spec: StoredNetworkPolicySpec }
export interface OracleStep { namespaces: Record<string, Labels>; policies: OraclePolicy[]; pods: OraclePod[]; expected: Expected[] }
/** `from` and `to` are namespace/pod; where the two directions are given, each is checked. */
export interface Expected { from: string; to: string; port: number; protocol: string; allowed: boolean; loopback: boolean; ingress?: boolean; egress?: boolean }
export interface OracleCase { id?: number; description: string; steps: OracleStep[] }

export interface ClusterAssert {
  test: string; from: string; toIP: string; protocol: string; port: number; allowed: boolean;
  state: {
    cnp: Record<string, { metadata: { name: string }; spec: StoredClusterPolicySpec }>;
    np: Record<string, OraclePolicy>;
    ns: Record<string, { metadata: { name: string; labels?: Labels } }>;
  };
}
export interface ClusterCase { name: string; pods: OraclePod[]; nodes: { name: string; ip: string; labels: Labels }[]; asserts: ClusterAssert[] }

export type AnyCase = OracleCase | ClusterCase;

export function readCases(file: string): AnyCase[] {
  const bytes = readFileSync(file);
  const text = file.endsWith('.gz') ? gunzipSync(bytes).toString('utf8') : bytes.toString('utf8');
  const parsed: unknown = JSON.parse(text);
  if (!Array.isArray(parsed)) throw new Error(`${file}: not a list of cases`);
  return parsed as AnyCase[];
}

/** A folder stands for the tables in it. */
export function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).filter((name) => /\.json(\.gz)?$/.test(name)).sort().map((name) => join(path, name));
}
