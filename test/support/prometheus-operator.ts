/** The kinds of the Prometheus operator, from the CRDs that it publishes: an API server then takes and refuses what that one would. */
import { join } from 'node:path';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { whenEstablished } from '../control-plane/established.ts';
import { moduleSource } from '../tools/module-source.ts';

const PIN = { path: 'github.com/prometheus-operator/prometheus-operator', version: 'v0.80.1', sum: 'h1:jeqy9C8ku5coMThZh/cVrB5FwJHlV98jvnSeVnQKCQw=' };
const KINDS = ['servicemonitors', 'prometheusrules'];

/** Throws where they cannot be downloaded. */
export async function servePrometheusOperatorKinds({ kubectl }: ControlPlane): Promise<void> {
  const folder = join(await moduleSource(PIN), 'example', 'prometheus-operator-crd');
  for (const kind of KINDS) {
    await kubectl(['apply', '--server-side', '-f', join(folder, `monitoring.coreos.com_${kind}.yaml`)]);
    await whenEstablished(kubectl, `${kind}.monitoring.coreos.com`);
  }
}
