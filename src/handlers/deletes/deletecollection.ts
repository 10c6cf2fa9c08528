import { StatusError } from '../../apimachinery/status.ts';
import { appClusterLabel, appNameLabel, appNamespaceLabel } from '../../mapping/identity.ts';
import type { Answer } from '../../upstream/control-plane.ts';
import {
  answerRefusal,
  askForNames,
  type ClaimRequest,
  upstreamHeaders,
  upstreamPath,
  type Wanted,
  wanted,
  thrownRefusal,
} from '../claim-request.ts';
import { deleteObject } from './delete.ts';
import {
  type AskForOpinion,
  type DeleteOptions,
  isHeld,
  readDeleteOptions,
  upstreamOptions,
} from './delete-options.ts';
import { newTransform } from '../lists/list-answer.ts';
import { selectOwn, streamList } from '../lists/list.ts';
import { answerPage, pageOf } from '../lists/list-pages.ts';

type Asked = Parameters<AskForOpinion>[0];

/**
 * DELETECOLLECTION, narrowed to the objects of this app cluster and namespace: passed on as it is, it would delete the
 * claims of every namespace that shares the claim namespace.
 */
export async function deleteClaims(request: ClaimRequest): Promise<void> {
  const { exchange } = request;
  const want = wanted(request);
  const { accept, query } = want;
  const options = await readDeleteOptions(request, query, (asked) => askOfNothing(request, asked));
  const isOneByOne = isHeld(options) || pageOf(query) || Object.keys(options.preconditions).length > 0;
  if (isOneByOne) return deleteOneByOne(request, options, want);
  selectOwn(request, query);
  return streamList(
    request,
    {
      method: 'DELETE',
      path: upstreamPath(request, undefined, query),
      headers: upstreamHeaders(exchange, accept, 'application/json'),
      body: upstreamOptions(options, {}),
      cancellation: exchange.gone,
      record: exchange.record,
    },
    newTransform(request, want),
  );
}

/** The same request about no object: whether its parameters and options are sound. */
export function askOfNothing(request: ClaimRequest, { query, body, type }: Asked): Promise<Answer> {
  const { link, exchange } = request;
  const asked = new URLSearchParams(query);
  selectOwn(request, asked);
  // Of this cluster and not of this cluster: nothing.
  asked.set(
    'labelSelector',
    `${asked.get('labelSelector')},${appClusterLabel}!=${link.connection.clusterID}`,
  );
  return link.controlPlane.collect({
    method: 'DELETE',
    path: upstreamPath(request, undefined, asked),
    headers: upstreamHeaders(exchange, 'application/json', type === '' ? undefined : type),
    ...(body ? { body } : {}),
    cancellation: exchange.gone,
    record: exchange.record,
  });
}

/**
 * A collection whose objects are deleted one after the other, by name, as the API server does (store.go DeleteCollection):
 * each is held for the app cluster's collector where the policy asks for that, a limit takes the first ones, and a refusal
 * names the object. The answer is the list as it was before.
 */
async function deleteOneByOne(request: ClaimRequest, options: DeleteOptions, want: Wanted): Promise<void> {
  const { query } = want;
  const body = upstreamOptions({ ...options, dryRun: true }, {});
  const opinion = await askOfNothing(request, { query, body, type: 'application/json' });
  if (opinion.status >= 300) return answerRefusal(request, opinion, undefined);
  selectOwn(request, query);
  // A parameter that counts for nothing here, and would for a list.
  query.delete('watch');
  const isOfToken = query.get('continue') !== null && query.get('continue') !== '';
  const page = pageOf(query) ?? (isOfToken ? undefined : { limit: Infinity, token: undefined });
  if (query.get('resourceVersion') === '0') {
    query.delete('resourceVersion');
    query.delete('resourceVersionMatch');
  }
  const deleteAll = (keys: readonly string[]): Promise<void> => deleteObjects(request, options, keys);
  if (page && (await answerPage(request, want, page, deleteAll))) return;
  const names = await askForNames(request, query);
  if (names.status >= 300) return answerRefusal(request, names, undefined);
  await deleteAll(keysIn(names.body));
  const { exchange } = request;
  exchange.answerObject(
    200,
    {},
    Buffer.from('{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success"}\n'),
  );
}

async function deleteObjects(
  request: ClaimRequest,
  options: DeleteOptions,
  keys: readonly string[],
): Promise<void> {
  for (const key of keys) {
    const [namespace, name] = key.split('/') as [string, string];
    const app = { namespace, name };
    try {
      const answer = await deleteObject({ ...request, app }, options);
      if (answer.status >= 300) throw await thrownRefusal(request, answer, app);
    } catch (error) {
      // Gone in the meantime, which is what was asked for.
      if (!(error instanceof StatusError && error.code === 404)) throw error;
    }
  }
}

/** `<namespace>/<name>` in the app cluster of each object of a list. */
function keysIn(body: Buffer): string[] {
  const { items } = JSON.parse(body.toString('utf8')) as {
    // Go prints an empty list of metadata as null.
    items: { metadata: { labels: Record<string, string> } }[] | null;
  };
  return (items ?? []).map(
    ({ metadata: { labels } }) => `${labels[appNamespaceLabel]}/${labels[appNameLabel]}`,
  );
}
