import type { Status, StatusCause } from '../apimachinery/status.ts';
import { annotationPrefix, connectionSecretAnnotation, ownerAnnotationPrefix } from './identity.ts';

const annotations = '.metadata.annotations.';

/**
 * The refusal of an apply whose fields others own, in the app cluster's fields: what stands in annotations on the control
 * plane is told as what it stands for, once. Other refusals stay as they are.
 */
export function conflictToApp(status: Status): Status {
  const causes = status.details?.causes;
  if (!causes?.some(({ field }) => field?.startsWith(annotations + annotationPrefix))) return status;
  const mapped = causes.map(({ field, ...cause }) =>
    Object.assign(cause, { field: fieldToApp(field ?? '') }),
  );
  const distinct = mapped.filter(
    (cause, at) =>
      !mapped.some((other, i) => i > at && other.field === cause.field && other.message === cause.message),
  );
  return { ...status, message: conflictMessage(distinct), details: { ...status.details, causes: distinct } };
}

function fieldToApp(path: string): string {
  if (path === annotations + connectionSecretAnnotation) return '.spec.writeConnectionSecretToRef.name';
  const owner = annotations + ownerAnnotationPrefix;
  if (!path.startsWith(owner)) return path;
  return `.metadata.ownerReferences[uid=${JSON.stringify(path.slice(owner.length))}]`;
}

/** apimachinery/pkg/util/managedfields/internal/conflict.go: getConflictMessage. */
function conflictMessage(causes: readonly StatusCause[]): string {
  const [first] = causes;
  if (causes.length === 1) return `Apply failed with 1 conflict: ${first?.message}: ${first?.field}`;
  const managers = Map.groupBy(causes, ({ message = '' }) => message.replace(/^conflict /, 'conflicts '));
  const texts = [...managers].map(
    ([manager, members]) => `${manager}:\n${members.map(({ field }) => `- ${field}`).join('\n')}`,
  );
  return `Apply failed with ${causes.length} conflicts: ${texts.join('\n')}`;
}
