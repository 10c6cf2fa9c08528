import type { OutgoingHttpHeaders } from 'node:http';
import { Edits } from '../apimachinery/json-edit.ts';
import { negotiate, type Negotiated, printsPretty } from '../apimachinery/media-types.ts';
import type { ResourceRequest } from '../apimachinery/request-info.ts';
import {
  type GroupResource,
  notFound,
  serviceUnavailable,
  type Status,
  StatusError,
} from '../apimachinery/status.ts';
import type { ConnectedResource } from '../catalog/connected-resource.ts';
import type { Exchange } from '../downstream/exchange.ts';
import { editToApp } from '../mapping/claim-view.ts';
import { type Live, type Origin, readLive } from '../mapping/origin.ts';
import { type AppName, controlPlaneName } from '../mapping/identity.ts';
import { statusToApp } from '../mapping/status.ts';
import { editTableToApp, type MappedColumns, mappedColumns } from '../mapping/table.ts';
import { forwardedHeaders } from '../upstream/answer-headers.ts';
import type { Answer } from '../upstream/control-plane.ts';
import { refusal } from '../upstream/errors.ts';
import type { Link } from '../upstream/link.ts';
import type { ListBuffers } from './lists/list-buffers.ts';

/** Everything a verb's handler works with. */
export interface ClaimRequest {
  exchange: Exchange;
  info: ResourceRequest;
  resource: ConnectedResource;
  link: Link;
  /** True where users may name the composite resource of a claim (`--allow-resource-ref`). */
  allowResourceRef: boolean;
  /** Where lists are held to be ordered. */
  lists: ListBuffers;
}

/** A request that names one object. */
export interface NamedClaimRequest extends ClaimRequest {
  app: AppName;
}

export function groupResource({ resource }: ClaimRequest): GroupResource {
  return { group: resource.group, resource: resource.plural };
}

export function hashedName({ resource, link }: ClaimRequest, app: AppName): string {
  return controlPlaneName(resource.prefix, app, link.connection.clusterID);
}

/** Path of the collection, or of one object, on the control plane. */
export function upstreamPath(
  request: ClaimRequest,
  name: string | undefined,
  query: URLSearchParams | undefined,
): string {
  const { resource, link, info } = request;
  const collection = `/apis/${resource.group}/${resource.version}/namespaces/${link.connection.claimNamespace}/${resource.plural}`;
  const object =
    name === undefined ? '' : `/${name}${info.subresource === undefined ? '' : `/${info.subresource}`}`;
  const text = inOneLine(query, request.exchange)?.toString() ?? '';
  return collection + object + (text === '' ? '' : `?${text}`);
}

/** Answers come from there in one line, and are laid out here: what is edited by span would not stay laid out. */
function inOneLine(query: URLSearchParams | undefined, { wishes }: Exchange): URLSearchParams | undefined {
  if (wishes.pretty === undefined && !printsPretty(wishes)) return query;
  const asked = new URLSearchParams(query);
  asked.set('pretty', 'false');
  return asked;
}

/** How the answer is wanted; `includeObject=None` becomes Metadata upstream, since cells are mapped by the object's labels. */
export interface Wanted extends Negotiated {
  query: URLSearchParams;
  columns: MappedColumns | undefined;
}

export function wanted({ exchange, info, resource }: ClaimRequest): Wanted {
  const negotiated = negotiate(exchange.wishes);
  // A watch in YAML is refused there, in the words for streams.
  if (info.verb === 'watch' && negotiated.form === 'yaml') negotiated.accept = 'application/yaml';
  const query = new URLSearchParams(info.query);
  if (negotiated.representation !== 'Table') return { ...negotiated, query, columns: undefined };
  const dropObjects = query.get('includeObject') === 'None';
  if (dropObjects) query.set('includeObject', 'Metadata');
  return { ...negotiated, query, columns: mappedColumns(resource.printerColumns, dropObjects) };
}

/** Request headers for the control plane. Nobody's identity is among them: the connector asks in its own name. */
export function upstreamHeaders(
  exchange: Exchange,
  accept: string,
  contentType?: string,
): Record<string, string> {
  const headers: Record<string, string> = { accept, 'audit-id': exchange.auditID };
  // Without `fieldManager` the API server takes the manager's name from here.
  const userAgent = exchange.header('user-agent');
  if (userAgent !== undefined) headers['user-agent'] = userAgent;
  if (contentType !== undefined) headers['content-type'] = contentType;
  const { trace } = exchange.record;
  if (trace) Object.assign(headers, trace);
  return headers;
}

const metadataList = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
/** Of some ten thousand objects. */
const maxNamesBytes = 64 * 1024 * 1024;

/** One call about the collection, or about one object of it. */
export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  app?: AppName;
  query?: URLSearchParams;
  /** JSON when left out. */
  accept?: string;
  /** Media type of the body; JSON when left out. */
  type?: string;
  body?: Buffer;
  /** Of the answer: for one object when left out. */
  maxBytes?: number;
}

/** Asks the control plane and waits for the whole answer. */
export function ask(request: ClaimRequest, call: Call): Promise<Answer> {
  const { exchange, link } = request;
  const { method, app, query, accept = 'application/json', type = 'application/json', body, maxBytes } = call;
  return link.controlPlane.collect({
    method,
    path: upstreamPath(request, app && hashedName(request, app), query),
    headers: upstreamHeaders(exchange, accept, body && type),
    ...(body ? { body } : {}),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    cancellation: exchange.gone,
    record: exchange.record,
  });
}

/** The metadata of every object that a query selects, in one list. */
export function askForNames(request: ClaimRequest, query: URLSearchParams): Promise<Answer> {
  return ask(request, { method: 'GET', query, accept: metadataList, maxBytes: maxNamesBytes });
}

/**
 * Answers with one object (or a Table of one row) of the control plane, or with what it said no to. `secretName` is
 * the one the request named, for the words of a refusal.
 */
export async function answerObject(
  request: NamedClaimRequest,
  answer: Answer,
  columns: MappedColumns | undefined,
  secretName?: string,
): Promise<void> {
  const { exchange, link, app } = request;
  if (answer.status >= 300) return answerRefusal(request, answer, app, secretName);
  const edits = new Edits();
  const { origin } = columns
    ? editTableToApp(answer.body, answer.body.indexOf('{'), answer.body.length, edits, columns)
    : editToApp(answer.body, answer.body.indexOf('{'), answer.body.length, edits);
  if (!isSame(origin, link, app)) throw notThere(request, answer, origin);
  exchange.answerObject(answer.status, forwardedHeaders(answer.headers), edits.apply(answer.body));
  return undefined;
}

/** Answers with what the control plane said no to, in the user's names. */
export async function answerRefusal(
  request: ClaimRequest,
  answer: Answer,
  app: AppName | undefined,
  secretName?: string,
): Promise<void> {
  const status = await refusalStatus(request, answer, app, secretName);
  const headers: OutgoingHttpHeaders = forwardedHeaders(answer.headers);
  request.exchange.answerStatus(answer.status, status, headers);
}

export async function refusalStatus(
  request: ClaimRequest,
  answer: Answer,
  app: AppName | undefined,
  secretName?: string,
): Promise<Status> {
  const { resource, info, link } = request;
  // Whatever is thrown on the way has a fault of its own.
  request.exchange.record.fault = 'passed';
  const status = await refusal(link, answer, {
    verb: info.verb,
    group: resource.group,
    version: resource.version,
    resource: resource.plural,
    subresource: info.subresource,
    name: app && hashedName(request, app),
  });
  return ownStatus(request, status, app, secretName);
}

/** As refusalStatus, to be thrown: for a call that is only a part of the request. */
export async function thrownRefusal(
  request: ClaimRequest,
  answer: Answer,
  app: AppName | undefined,
): Promise<StatusError> {
  const { reason, message, details } = await refusalStatus(request, answer, app);
  return new StatusError(answer.status, reason ?? '', message ?? '', details).causedBy('passed');
}

/** A Status of the control plane in the user's names. */
export function ownStatus(request: ClaimRequest, status: Status, app?: AppName, secretName?: string): Status {
  const { resource, info, link } = request;
  return statusToApp(status, {
    connection: link.connection,
    prefix: resource.prefix,
    namespace: info.namespace,
    name: app?.name,
    secretName,
  });
}

/** True when the object is the one that was asked for, and not one whose name has the same hash. */
function isSame(origin: Origin | undefined, link: Link, app: AppName): boolean {
  return (
    origin !== undefined &&
    origin.clusterID === link.connection.clusterID &&
    origin.app.namespace === app.namespace &&
    origin.app.name === app.name
  );
}

function notThere(request: NamedClaimRequest, answer: Answer, origin: Origin | undefined): StatusError {
  if (!origin) requireKind(request, answer);
  return notFound(groupResource(request), request.app.name);
}

/** An answer without labels that is not even of the kind: a 404 of it would be taken for a deletion. Throws StatusError 503. */
function requireKind({ resource }: ClaimRequest, { body }: Answer): void {
  const kinds = [resource.kind, 'Table', 'PartialObjectMetadata'];
  if (!kinds.some((kind) => body.includes(`"kind":"${kind}"`)))
    throw serviceUnavailable('the control plane gave an unusable answer');
}

/** The object as it is now, before a write; undefined when there is none, or the request was answered already. */
export interface LiveObject {
  bytes: Buffer;
  live: Live;
}

/**
 * Reads the object a write is about. Returns undefined for an object that is not there; refusals of any other kind
 * are thrown as the answer they are.
 */
export async function readLiveObject(request: NamedClaimRequest): Promise<LiveObject | undefined> {
  const found = await lookUp(request);
  return found === 'absent' || found === 'foreign' ? undefined : found;
}

/** As readLiveObject, and tells an object whose name has the same hash (`foreign`) from none. */
export async function lookUp(request: NamedClaimRequest): Promise<LiveObject | 'absent' | 'foreign'> {
  const { link, app } = request;
  const answer = await ask(
    { ...request, info: { ...request.info, subresource: undefined } },
    { method: 'GET', app },
  );
  if (answer.status === 404) {
    await refusalStatus({ ...request, info: { ...request.info, verb: 'get' } }, answer, app);
    return 'absent';
  }
  if (answer.status >= 300) {
    throw await thrownRefusal({ ...request, info: { ...request.info, verb: 'get' } }, answer, app);
  }
  const live = readLive(answer.body);
  if (live && isSame(live, link, app)) return { bytes: answer.body, live };
  if (!live) requireKind(request, answer);
  return 'foreign';
}

export function isDryRun(query: URLSearchParams, options: { dryRun?: string[] | null }): boolean {
  return query.getAll('dryRun').includes('All') || options.dryRun?.includes('All') === true;
}

/** Asks for a dry run, which stores nothing. A dryRun of the user's own stays: it is All, or is refused. */
export function makeDryRun(query: URLSearchParams): void {
  if (!query.has('dryRun')) query.set('dryRun', 'All');
}
