import { type ContinueToken, parseContinue, printContinue } from '../../apimachinery/continue-token.ts';
import { ConnectorError } from '../../base/errors.ts';
import { StatusError } from '../../apimachinery/status.ts';
import { OrderedList } from '../../mapping/ordered-list.ts';
import type { Answer } from '../../upstream/control-plane.ts';
import { answerRefusal, type ClaimRequest, refusalStatus, type Wanted } from '../claim-request.ts';
import { answerList, listRequest, newTransform } from './list-answer.ts';

/** One page of a list by name. */
interface PageRequest {
  /** Infinity for all that is left. */
  limit: number;
  /** Undefined for the first page. */
  token: ContinueToken | undefined;
}

/**
 * The page a query asks for; undefined for a whole list, for a token of the control plane, and for what Kubernetes
 * refuses: that goes there as it is, and is refused in its own words.
 */
export function pageOf(query: URLSearchParams): PageRequest | undefined {
  const limitText = query.get('limit') ?? '0';
  if (!/^[+-]?\d{1,18}$/.test(limitText)) return undefined;
  const limit = Number(limitText) > 0 ? Number(limitText) : Infinity;
  const version = query.get('resourceVersion') ?? '';
  const given = query.get('continue') ?? '';
  if (given === '') {
    // The API server answers version 0 from its cache, whole.
    return limit === Infinity || version === '0' ? undefined : { limit, token: undefined };
  }
  const token = parseContinue(given);
  const isPlain = ['', '0'].includes(version) && (query.get('resourceVersionMatch') ?? '') === '';
  return token && isPlain ? { limit: version === '0' ? Infinity : limit, token } : undefined;
}

/**
 * Answers one page of a list that can be held whole: read at one version, ordered, and kept for the next pages; another
 * replica, or a later time, reads that same version again. False where the list is too long: its pages and tokens are the
 * control plane's then. `beforeAnswer` is told the `<namespace>/<name>` of each element of the page; what it throws is the
 * answer.
 */
export async function answerPage(
  request: ClaimRequest,
  want: Wanted,
  page: PageRequest,
  beforeAnswer?: (keys: readonly string[]) => Promise<void>,
): Promise<boolean> {
  const { lists, info } = request;
  const { token } = page;
  const kept = token && lists.find(keyOf(request, want, String(token.resourceVersion)));
  const read = kept ? { list: kept, headers: {} } : await readWhole(request, want, page);
  if (read === 'answered') return true;
  if (read === 'too long') {
    if (token) throw cannotGoOn();
    return false;
  }
  const { list } = read;
  const { elements, remaining, lastKey } = list.page(startOf(request, token), page.limit);
  await beforeAnswer?.(elements.map(({ key }) => key));
  const { resourceVersion } = list;
  const metadata =
    remaining === 0
      ? undefined
      : {
          continue: printContinue({
            resourceVersion: Number(resourceVersion),
            start: `${info.namespace === undefined ? lastKey : nameIn(lastKey)}\0`,
          }),
          remainingItemCount: hasSelector(request) ? undefined : remaining,
        };
  if (metadata) lists.keep(keyOf(request, want, resourceVersion), list);
  await answerList(request, want.form, read, list.print(elements, metadata));
  return true;
}

function nameIn(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

/** The first key of the page, namespace included. */
function startOf({ info }: ClaimRequest, token: ContinueToken | undefined): string {
  if (!token) return '';
  return info.namespace === undefined ? token.start : `${info.namespace}/${token.start}`;
}

/** Kubernetes counts what remains only where nothing is selected. */
function hasSelector({ info }: ClaimRequest): boolean {
  return ['labelSelector', 'fieldSelector'].some((key) => (info.query.get(key) ?? '').trim() !== '');
}

/** What was asked for, and when it was read: two requests of one key have the same list. */
function keyOf(request: ClaimRequest, { accept, query, columns }: Wanted, resourceVersion: string): string {
  const { resource, info, link } = request;
  const selectors = [query.get('labelSelector'), query.get('fieldSelector'), query.get('includeObject')];
  return JSON.stringify([
    resource.group,
    resource.version,
    resource.plural,
    info.namespace ?? null,
    link.connection,
    accept,
    columns?.dropObjects ?? false,
    selectors,
    resourceVersion,
  ]);
}

async function readWhole(
  request: ClaimRequest,
  want: Wanted,
  { token }: PageRequest,
): Promise<{ list: OrderedList; headers: Answer['headers'] } | 'too long' | 'answered'> {
  const query = new URLSearchParams(want.query);
  query.delete('limit');
  query.delete('continue');
  if (token) query.delete('resourceVersion');
  if (token && token.resourceVersion > 0) query.set('resourceVersion', String(token.resourceVersion));
  // With a limit, a version means exactly that one (storage/cacher/delegator).
  if (query.get('resourceVersion') && !query.get('resourceVersionMatch'))
    query.set('resourceVersionMatch', 'Exact');
  const transform = newTransform(request, want);
  const list = new OrderedList();
  const lease = request.lists.lease();
  let answer: Answer;
  const take = (bytes: Buffer): true => {
    list.add(bytes, transform.takeElements());
    if (!lease.grow(bytes.length)) throw new ConnectorError(tooLong, 'the list cannot be held whole');
    return true;
  };
  try {
    answer = await request.link.controlPlane.stream(listRequest(request, { ...want, query }), {
      start: () => undefined,
      data: (chunk) => take(transform.push(chunk)),
      end: () => void take(transform.end()),
    });
  } catch (error) {
    if (error instanceof ConnectorError && error.code === tooLong) return 'too long';
    throw error;
  } finally {
    lease.end();
  }
  if (answer.status === 200) return { list, headers: answer.headers };
  if (answer.status === 410 && token) await answerExpired(request, answer, token);
  else await answerRefusal(request, answer, undefined);
  return 'answered';
}

const tooLong = 'list-too-long';

/** storage/etcd3/errors.go: inconsistentContinue. */
const expired =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

/** The moment of the first page is forgotten: the client may go on at the latest one. */
async function answerExpired(request: ClaimRequest, answer: Answer, { start }: ContinueToken): Promise<void> {
  const status = await refusalStatus(request, answer, undefined);
  request.exchange.answerStatus(410, {
    ...status,
    metadata: { continue: printContinue({ resourceVersion: -1, start }) },
    message: expired,
  });
}

/** Other lists take all the memory there is for them: their order must not change between two pages. */
function cannotGoOn(): StatusError {
  const message = 'the connector holds too many long lists at the moment; please try again';
  return new StatusError(429, 'TooManyRequests', message, { retryAfterSeconds: 1 });
}
