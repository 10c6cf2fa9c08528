import { protobufMessage, type ProtobufField, protobufObject } from './protobuf.ts';
import type { Status, StatusCause, StatusDetails } from './status.ts';

/** A Status in protobuf (apimachinery/pkg/apis/meta/v1/generated.proto). Go writes empty texts too. */
export function statusProtobuf({
  metadata,
  status,
  message = '',
  reason = '',
  details,
  code = 0,
}: Status): Buffer {
  const fields: ProtobufField[] = [
    [1, listMetaMessage(metadata)],
    [2, status],
    [3, message],
    [4, reason],
    ...(details ? [[5, detailsMessage(details)] as const] : []),
    [6, code],
  ];
  return protobufObject('v1', 'Status', protobufMessage(fields));
}

function listMetaMessage(metadata: Status['metadata']): Buffer {
  const next = metadata['continue'];
  return protobufMessage([
    [1, ''],
    [2, ''],
    [3, typeof next === 'string' ? next : ''],
  ]);
}

function detailsMessage({
  name = '',
  group = '',
  kind = '',
  uid = '',
  causes = [],
  retryAfterSeconds = 0,
}: StatusDetails): Buffer {
  return protobufMessage([
    [1, name],
    [2, group],
    [3, kind],
    ...causes.map((cause): ProtobufField => [4, causeMessage(cause)]),
    [5, retryAfterSeconds],
    [6, uid],
  ]);
}

function causeMessage({ reason = '', message = '', field = '' }: StatusCause): Buffer {
  return protobufMessage([
    [1, reason],
    [2, message],
    [3, field],
  ]);
}
