/** What the API server itself calls: admission webhooks, conversion webhooks of CRDs, and aggregated APIs. */
import { objectsOf, type KubeObject } from '../snapshot.ts';
import { hostsIn, serviceNamed } from './addresses-in-text.ts';
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
      return callOf('admission webhook', at(webhook, 'clientConfig'), because(object, where));
    })),
    ...objectsOf(snapshot, 'CustomResourceDefinition').flatMap(({ object }) => {
      const conversion = at(object, 'spec', 'conversion');
      return at(conversion, 'strategy') === 'Webhook' ? callOf('conversion webhook', at(conversion, 'webhook', 'clientConfig'), because(object, 'spec.conversion')) : [];
    }),
    ...objectsOf(snapshot, 'APIService').flatMap(({ object }) => callOf('API service', at(object, 'spec'), because(object, ''))),
  ];
}

/** None where a URL leads out of the cluster, or the API server serves it itself. */
function callOf(kind: NeedKind, config: unknown, source: Because): Call[] {
  const value = at(config, 'service');
  const [namespace, name] = [textOf(at(value, 'namespace')), textOf(at(value, 'name'))];
  if (namespace !== undefined && name !== undefined) return [{ kind, because: source, service: { namespace, name, port: numberOf(at(value, 'port')) ?? DEFAULT_PORT } }];
  const [url] = hostsIn(textOf(at(config, 'url')) ?? '');
  const called = url === undefined ? undefined : serviceNamed(url.host);
  return called === undefined ? [] : [{ kind, because: source, service: { ...called, port: url?.port ?? DEFAULT_PORT } }];
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
