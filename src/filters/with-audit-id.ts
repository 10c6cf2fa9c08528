import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The Audit-ID of kube-apiserver, which joins the audit logs of both clusters; one of our own for direct requests. */
export function withAuditID(req: IncomingMessage): string {
  const given = req.headers['audit-id'];
  return typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID();
}
