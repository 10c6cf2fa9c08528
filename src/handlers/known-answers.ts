import { goJson } from '../apimachinery/go-json.ts';
import { type Negotiated, negotiate } from '../apimachinery/media-types.ts';
import type { ResourceRequest } from '../apimachinery/request-info.ts';
import { serviceUnavailable } from '../apimachinery/status.ts';
import { warningValue } from '../apimachinery/warning.ts';
import type { ConnectedResource } from '../catalog/connected-resource.ts';
import type { SavedList } from '../clusters/saved-claims.ts';
import type { ResourceExchange } from '../downstream/exchange.ts';
import type { Outage } from '../upstream/circuit-breaker.ts';
import { outageError } from '../upstream/retry-later.ts';

/** What is known without the control plane. Resources are `<plural>.<group>`. */
export interface KnownDependencies {
  /** Undefined while requests are forwarded. */
  outage: () => Outage | undefined;
  /** By the app cluster's own word, now. */
  isTerminating: (namespace: string) => Promise<boolean>;
  /** True where it is certain that no claim of the resource is in the namespace. */
  isAbsent: (namespace: string, resource: string) => Promise<boolean>;
  savedList: (resource: string) => Promise<SavedList | undefined>;
}

/**
 * Answers in an outage what can be answered truly all the same, and returns false for everything else:
 *
 * - LIST and DELETECOLLECTION in a namespace that is being deleted and holds no claim. Nothing is created in such a
 *   namespace, so that it stays empty; the namespace controller needs both to let it go.
 * - LIST of metadata at any version, or at one not newer than the saved copy. kube-controller-manager starts with it, and
 *   its quota controller does not work before every list it follows was answered (resource_quota_controller.go: Run).
 */
export async function answerKnown(
  exchange: ResourceExchange,
  resource: ConnectedResource,
  outage: Outage,
  known: KnownDependencies,
): Promise<boolean> {
  const { info } = exchange;
  if (info.subresource !== undefined || info.name !== undefined) return false;
  const name = `${resource.plural}.${resource.group}`;
  if (info.verb === 'deletecollection')
    return await answerDeleteCollection(exchange, resource, outage, known);
  if (info.verb !== 'list') return false;
  const want = negotiate(exchange.wishes);
  const saved = await known.savedList(name);
  if (want.representation === 'PartialObjectMetadataList' && saved && isOldEnough(info.query, saved)) {
    exchange.res.appendHeader(
      'warning',
      warningValue(`${outageError(outage).message}; this list is of ${saved.savedAt}`),
    );
    answerList(exchange, resource, want, saved.resourceVersion, itemsIn(saved, info.namespace));
    return true;
  }
  const { namespace } = info;
  if (namespace === undefined || !isOfNoVersion(info.query)) return false;
  if (!(await known.isTerminating(namespace)) || !(await known.isAbsent(namespace, name))) return false;
  return answerEmpty(exchange, resource, want, saved);
}

/**
 * Where claims may be left the answer comes without Retry-After: client-go would send the request ten times before the
 * namespace controller got to hear of it, for each kind, in one of the ten workers that all namespaces share.
 */
async function answerDeleteCollection(
  exchange: ResourceExchange,
  resource: ConnectedResource,
  outage: Outage,
  known: KnownDependencies,
): Promise<boolean> {
  const { namespace = '' } = exchange.info;
  const want = negotiate(exchange.wishes);
  if (want.representation === 'Table' || !(await known.isTerminating(namespace))) return false;
  await exchange.readBody();
  const name = `${resource.plural}.${resource.group}`;
  if (!(await known.isAbsent(namespace, name)))
    throw serviceUnavailable(
      `${outageError(outage).message}; the ${name} of namespace ${namespace} are deleted when it can be, and the namespace stays until then`,
    );
  return answerEmpty(exchange, resource, want, await known.savedList(name));
}

/** A Table needs the words of the control plane for its columns. */
function answerEmpty(
  exchange: ResourceExchange,
  resource: ConnectedResource,
  want: Negotiated,
  saved: SavedList | undefined,
): boolean {
  if (want.representation === 'Table') return false;
  answerList(exchange, resource, want, saved?.resourceVersion ?? '', []);
  return true;
}

/** As an API server prints a list: of a custom resource its members by name, of metadata in the order of the Go type. */
function answerList(
  exchange: ResourceExchange,
  { group, version, listKind }: ConnectedResource,
  { representation }: Negotiated,
  resourceVersion: string,
  items: SavedList['items'],
): void {
  const list =
    representation === 'object'
      ? {
          apiVersion: `${group}/${version}`,
          items,
          kind: listKind,
          metadata: { continue: '', resourceVersion },
        }
      : {
          kind: 'PartialObjectMetadataList',
          apiVersion: 'meta.k8s.io/v1',
          metadata: resourceVersion === '' ? {} : { resourceVersion },
          items: items.length === 0 ? null : items,
        };
  exchange.answerObject(200, {}, Buffer.from(`${goJson(list)}\n`));
}

function itemsIn({ items }: SavedList, namespace: string | undefined): SavedList['items'] {
  return namespace === undefined ? items : items.filter(({ metadata }) => metadata.namespace === namespace);
}

/** `resourceVersion=0` is any version; another one is the oldest that may be shown, unless a limit makes it the only one. */
function isOldEnough(query: ResourceRequest['query'], { resourceVersion }: SavedList): boolean {
  if (['labelSelector', 'fieldSelector', 'continue'].some((key) => (query.get(key) ?? '') !== ''))
    return false;
  const asked = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  if (match !== '' && match !== 'NotOlderThan') return false;
  if (asked === '0') return true;
  if (!/^\d{1,19}$/.test(asked)) return false;
  const isExact = match === '' && Number(query.get('limit') ?? '0') > 0;
  return isExact ? asked === resourceVersion : BigInt(asked) <= BigInt(resourceVersion);
}

/** What is empty now and stays so is empty at every version from now on, but may not have been at an older one. */
function isOfNoVersion(query: ResourceRequest['query']): boolean {
  return (query.get('resourceVersionMatch') ?? '') !== 'Exact' && (query.get('continue') ?? '') === '';
}
