import { isIP } from 'node:net';
import type { Status } from '../apimachinery/status.ts';
import type { UserInfo } from '../authentication/user-info.ts';
import type { Exchange } from '../downstream/exchange.ts';
import { annotationPrefix } from '../mapping/identity.ts';
import type { Outcome } from './outcome.ts';

/** audit.k8s.io/v1 Event (apiserver/pkg/apis/audit/v1/types.go) at level Metadata; member order as Go prints it. */
export interface AuditEvent {
  kind: 'Event';
  apiVersion: 'audit.k8s.io/v1';
  level: 'Metadata';
  auditID: string;
  stage: 'ResponseComplete';
  requestURI: string;
  verb: string;
  user: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
  sourceIPs: string[];
  userAgent?: string;
  objectRef?: ObjectReference;
  responseStatus: Omit<Partial<Status>, 'kind' | 'apiVersion'>;
  requestReceivedTimestamp: string;
  stageTimestamp: string;
  annotations: Record<string, string>;
}

interface ObjectReference {
  resource: string;
  namespace?: string;
  name?: string;
  apiGroup: string;
  apiVersion: string;
  subresource?: string;
}

/** kube-apiserver cuts there too (apiserver/pkg/audit/request.go maxUserAgentLength). */
const maxUserAgentLength = 1024;

export interface AuditContext {
  outcome: Outcome;
  /** Milliseconds since the epoch. */
  now: number;
  /** The name of the object on the control plane, where the request names an object. */
  storedName: string | undefined;
}

/** What is known of a request whose answer has closed. Names are those of the app cluster. No bodies, no credentials. */
export function auditEventOf(exchange: Exchange, { outcome, now, storedName }: AuditContext): AuditEvent {
  const { req, infoIfKnown: info } = exchange;
  const userAgent = exchange.header('user-agent');
  const objectRef = objectRefOf(exchange);
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: exchange.auditID,
    stage: 'ResponseComplete',
    requestURI: req.url ?? '',
    verb: info?.verb ?? (req.method ?? '').toLowerCase(),
    user: userOf(exchange.userIfKnown),
    sourceIPs: sourceIPsOf(exchange),
    ...(userAgent === undefined ? {} : { userAgent: userAgent.slice(0, maxUserAgentLength) }),
    ...(objectRef ? { objectRef } : {}),
    responseStatus: responseStatusOf(exchange.record.status, outcome.code),
    requestReceivedTimestamp: microTime(now - (performance.now() - exchange.startedAt)),
    stageTimestamp: microTime(now),
    annotations: annotationsOf(exchange, outcome, storedName),
  };
}

function objectRefOf({ infoIfKnown: info, record }: Exchange): ObjectReference | undefined {
  if (!info?.isResource) return undefined;
  const { resource, namespace, group, version, subresource } = info;
  const name = info.name ?? record.objectName;
  return {
    resource,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    apiGroup: group,
    apiVersion: version,
    ...(subresource === undefined ? {} : { subresource }),
  };
}

function userOf(user: UserInfo | undefined): AuditEvent['user'] {
  if (!user) return {};
  const { name, uid, groups, extra } = user;
  return {
    username: name,
    ...(uid ? { uid } : {}),
    groups,
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

/**
 * From where, as kube-apiserver reads it: each hop that X-Forwarded-For names, X-Real-Ip, and the peer, which alone cannot
 * be made up (apimachinery/pkg/util/net/http.go SourceIPs).
 */
function sourceIPsOf(exchange: Exchange): string[] {
  const hops = (exchange.header('x-forwarded-for') ?? '').split(',').map((hop) => hop.trim());
  const sources = hops.filter((hop) => isIP(hop) !== 0);
  const realIP = exchange.header('x-real-ip') ?? '';
  if (isIP(realIP) !== 0 && !sources.includes(realIP)) sources.push(realIP);
  const peer = (exchange.req.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  if (peer !== '' && sources.at(-1) !== peer) sources.push(peer);
  return sources;
}

/** Of a Status only what is bounded (apiserver/pkg/audit/request.go LogResponseObject). */
function responseStatusOf(status: Status | undefined, code: number): AuditEvent['responseStatus'] {
  if (!status) return { metadata: {}, code };
  const { message, reason, details } = status;
  return {
    metadata: {},
    status: status.status,
    ...(message === undefined ? {} : { message }),
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  };
}

function annotationsOf(
  { record: { isAuthorized, upstreamMs } }: Exchange,
  { reason }: Outcome,
  storedName: string | undefined,
): Record<string, string> {
  const decision = isAuthorized === undefined ? undefined : isAuthorized ? 'allow' : 'forbid';
  return {
    ...(decision === undefined ? {} : { 'authorization.k8s.io/decision': decision }),
    ...(storedName === undefined ? {} : { [`${annotationPrefix}control-plane-name`]: storedName }),
    ...(reason === '' ? {} : { [`${annotationPrefix}reason`]: reason }),
    ...(upstreamMs === undefined ? {} : { [`${annotationPrefix}upstream-latency`]: goDuration(upstreamMs) }),
  };
}

/** metav1.MicroTime. */
function microTime(ms: number): string {
  const micros = Math.floor((ms - Math.floor(ms)) * 1000);
  return new Date(Math.floor(ms)).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}

/** As Go prints a duration in kube-apiserver's own latency annotations: `1.234ms`, `2.5s`. */
function goDuration(ms: number): string {
  return ms < 1000 ? `${Number(ms.toFixed(3))}ms` : `${Number((ms / 1000).toFixed(6))}s`;
}
