import { badRequest } from './status.ts';

/**
 * Empty for a method that means nothing here (OPTIONS, TRACE): no resource supports it. The old forms `/apis/g/v/watch/...`
 * and `/apis/g/v/proxy/...` are a verb of their own, whatever the method is; no claim supports the latter.
 */
export type Verb =
  | 'get'
  | 'list'
  | 'watch'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'deletecollection'
  | 'proxy'
  | '';

/** A request for an API resource, as kube-apiserver's RequestInfo has it (apiserver/pkg/endpoints/request/requestinfo.go). */
export interface ResourceRequest {
  isResource: true;
  path: string;
  query: URLSearchParams;
  verb: Verb;
  group: string;
  version: string;
  namespace: string | undefined;
  resource: string;
  subresource: string | undefined;
  name: string | undefined;
  /** The old form `/apis/g/v/watch/...`. */
  oldWatch: boolean;
}

export interface NonResourceRequest {
  isResource: false;
  path: string;
  query: URLSearchParams;
  /** Lower-case HTTP method. */
  verb: string;
}

export type RequestInfo = ResourceRequest | NonResourceRequest;

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * Accepted paths of a resource request:
 *
 *     /apis/<g>/<v>/<resource>                                     list, watch in all namespaces
 *     /apis/<g>/<v>/namespaces/<ns>/<resource>[/<name>[/<sub>]]    all verbs
 *     /apis/<g>/<v>/watch/...                                      the old form of watch
 *
 * The path is split by hand: `new URL()` would resolve dot segments, and kube-apiserver authorized the path as it
 * stands. Segments that could mean another path to anybody (empty, dots, encoded slashes) are refused with 400.
 */
export function parseRequestInfo(method: string, url: string): RequestInfo {
  if (!url.startsWith('/')) throw badRequest('the request target has to be an absolute path');
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  const segments = path.slice(1).split('/').map(decodeSegment);
  if (segments.at(-1) === '' && segments.length > 1) segments.pop();
  if (
    segments.some((segment) => segment === '.' || segment === '..' || (segment === '' && segments.length > 1))
  ) {
    throw badRequest('the path has an empty or a dot segment');
  }
  const [root, group, version, ...rest] = segments;
  if (root !== 'apis' || group === undefined || version === undefined || rest.length === 0) {
    if (!methods.has(method)) throw badRequest(`the method ${method} is not known to this server`);
    return { isResource: false, path, query, verb: method.toLowerCase() };
  }
  return resourceRequest(method, path, query, group, version, rest);
}

function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch {
    throw badRequest('the path has a malformed escape');
  }
  if (/[/%\0]/.test(decoded)) throw badRequest('the path has an encoded slash, percent sign or NUL');
  return decoded;
}

function resourceRequest(
  method: string,
  path: string,
  query: URLSearchParams,
  group: string,
  version: string,
  segments: string[],
): ResourceRequest {
  const special =
    segments.length > 1 && (segments[0] === 'watch' || segments[0] === 'proxy') ? segments[0] : '';
  const oldWatch = special === 'watch';
  let parts = special === '' ? segments : segments.slice(1);
  let namespace: string | undefined;
  if (parts[0] === 'namespaces' && parts.length > 2) {
    namespace = parts[1];
    parts = parts.slice(2);
  }
  // What follows a subresource counts for nothing.
  const [resource, name, subresource] = parts;
  return {
    isResource: true,
    path,
    query,
    verb: special === '' ? verbOf(method, name, query) : special,
    group,
    version,
    namespace,
    resource: resource as string,
    subresource,
    name,
    oldWatch,
  };
}

function verbOf(method: string, name: string | undefined, query: URLSearchParams): Verb {
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete';
    case 'GET':
    case 'HEAD':
      if (name === undefined && isTrue(query.get('watch'))) return 'watch';
      return name === undefined ? 'list' : 'get';
    default:
      return '';
  }
}

/** Query booleans: everything but `false` and `0` is true, the empty value included (conversion of Go's url.Values). */
export function isTrue(value: string | null): boolean {
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}
