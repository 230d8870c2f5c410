/** What the API server itself calls: admission webhooks, conversion webhooks of CRDs, and aggregated APIs. */
import { objectsOf, type KubeObject } from '../snapshot.ts';
import { apiServerOf, backendsOf, isMissing, type ServiceRef } from './backends.ts';
import type { Catalog } from './catalog.ts';
import { at, itemsOf, numberOf, textOf } from './fields.ts';
import type { Because, Finding, NeedKind } from './need.ts';

const DEFAULT_PORT = 443;

export function webhookNeeds(catalog: Catalog): Finding[] {
  return calls(catalog).flatMap((call) => findingsOf(catalog, call));
}

interface Call { readonly kind: NeedKind; readonly service: ServiceRef; readonly because: Because }

function calls({ snapshot }: Catalog): Call[] {
  const configurations = [...objectsOf(snapshot, 'ValidatingWebhookConfiguration'), ...objectsOf(snapshot, 'MutatingWebhookConfiguration')];
  return [
    ...configurations.flatMap(({ object }) => itemsOf(object['webhooks']).flatMap((webhook) => {
      const where = `webhook ${textOf(at(webhook, 'name')) ?? ''}, failurePolicy ${textOf(at(webhook, 'failurePolicy')) ?? 'Fail'}`;
      return callOf('admission webhook', at(webhook, 'clientConfig', 'service'), because(object, where));
    })),
    ...objectsOf(snapshot, 'CustomResourceDefinition').flatMap(({ object }) => {
      const conversion = at(object, 'spec', 'conversion');
      return at(conversion, 'strategy') === 'Webhook' ? callOf('conversion webhook', at(conversion, 'webhook', 'clientConfig', 'service'), because(object, 'spec.conversion')) : [];
    }),
    ...objectsOf(snapshot, 'APIService').flatMap(({ object }) => callOf('API service', at(object, 'spec', 'service'), because(object, ''))),
  ];
}

/** None where a URL is called, which is outside of the cluster, or the API server serves it itself. */
function callOf(kind: NeedKind, value: unknown, source: Because): Call[] {
  const namespace = textOf(at(value, 'namespace'));
  const name = textOf(at(value, 'name'));
  return namespace === undefined || name === undefined ? [] : [{ kind, because: source, service: { namespace, name, port: numberOf(at(value, 'port')) ?? DEFAULT_PORT } }];
}

function because({ kind, metadata: { name } }: KubeObject, where: string): Because {
  return { kind, namespace: undefined, name, where };
}

function findingsOf(catalog: Catalog, { kind, service, because: source }: Call): Finding[] {
  const servers = apiServerOf(catalog);
  if (isMissing(servers)) return [{ kind, because: source, problem: servers.problem }];
  const backends = backendsOf(catalog, service);
  if (isMissing(backends)) return [{ kind, because: source, problem: backends.problem }];
  const [server] = servers;
  return server === undefined ? [] : backends.map(({ to, port, protocol }) => ({ kind, from: server.to, to, port, protocol, because: source }));
}
