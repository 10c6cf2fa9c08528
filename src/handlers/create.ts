import { type GroupResource, StatusError } from '../apimachinery/status.ts';
import { generateName, isClaimName, nameTooLong } from './claim-names.ts';
import { answerObject, ask, type ClaimRequest, groupResource, isDryRun, wanted } from './claim-request.ts';
import { nameOfOrphan } from './deletes/orphan-claims.ts';
import { remarksOnOwners, withRemarks } from './owner-remarks.ts';
import { asWritten, isOfDecoding, refuse } from './refuse.ts';
import { requireOwnResource } from './resource-ref.ts';
import { objectOf, otherNamespace, readSent, toControlPlane } from './write-body.ts';

export interface CreateDependencies {
  /** Admission of the app cluster. Throws StatusError. */
  admitCreate: (namespace: string, resource: GroupResource, name: string) => Promise<void>;
  /** Has to be done before an object is sent there. Undefined: it is done already. Throws StatusError. */
  recordBeforeCreate: (namespace: string, resource: GroupResource, name: string) => Promise<void> | undefined;
}

/** apiserver/pkg/registry/generic/registry/store.go: maxNameGenerationCreateAttempts. */
const maxAttempts = 8;

/** CREATE, in the order of apiserver/pkg/endpoints/handlers/create.go. */
export async function createClaim(request: ClaimRequest, dependencies: CreateDependencies): Promise<void> {
  const namespace = request.info.namespace as string;
  const sent = await readSent(request);
  const post = { method: 'POST', type: sent.type } as const;
  const body = objectOf(sent);
  const fault = body instanceof StatusError ? body : otherNamespace(body, namespace);
  if (body instanceof StatusError || fault) {
    return refuse(request, { ...post, bytes: sent.bytes, own: fault as StatusError, passes: isOfDecoding });
  }
  const given = textOf(body.metadata.name);
  const base = textOf(body.metadata.generateName);
  // A name from generateName is made here, since only its hash reaches the control plane.
  let name = given || (base && generateName(base));
  const denied = await dependencies
    .admitCreate(namespace, groupResource(request), given || base || 'Unknown')
    .catch((error: unknown) => error);
  if (denied !== undefined) {
    if (!(denied instanceof StatusError)) throw denied;
    const bytes = asWritten(request, body.bytes);
    return refuse(request, { ...post, bytes, own: denied, passes: isOfDecoding });
  }
  if (!isClaimName(name)) {
    const own = nameTooLong(request.resource.group, request.resource.kind, name);
    return refuse(request, { ...post, bytes: asWritten(request, body.bytes), own, passes: () => true });
  }
  requireOwnResource(request, name, body.bytes, undefined);
  const remarks = await remarksOnOwners(request, body, sent.type);
  if (remarks === 'refused') return undefined;
  const { accept, query, columns } = wanted(request);
  if (!isDryRun(query, {}))
    await dependencies.recordBeforeCreate(namespace, groupResource(request), given || base);
  for (let attempt = 1; ; attempt++) {
    const named = { ...request, app: { namespace, name } };
    request.exchange.record.objectName = name;
    const mapped = toControlPlane(named, body.bytes, { body: 'object' });
    const answer = await ask(named, { method: 'POST', query, accept, type: sent.type, body: mapped });
    const isTaken = answer.status === 409 && answer.body.includes('"AlreadyExists"');
    const orphan = given !== '' && isTaken ? await nameOfOrphan(named) : undefined;
    if (orphan) throw orphan;
    if (given !== '' || !isTaken || attempt === maxAttempts) {
      return answerObject(named, withRemarks(answer, remarks), columns, body.secretName);
    }
    name = generateName(base);
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
