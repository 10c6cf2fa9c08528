import { protobufMessage, type ProtobufField, protobufObject } from '../apimachinery/protobuf.ts';
import type { ApiResource, ApiResourceList } from './discovery.ts';

/** An APIResourceList in protobuf (apimachinery/pkg/apis/meta/v1/generated.proto). */
export function resourceListProtobuf({ groupVersion, resources }: ApiResourceList): Buffer {
  const raw = protobufMessage([
    [1, groupVersion],
    ...resources.map((resource): ProtobufField => [2, resourceMessage(resource)]),
  ]);
  return protobufObject('v1', 'APIResourceList', raw);
}

/** Go writes empty texts too, and leaves out empty lists. */
function resourceMessage(resource: ApiResource): Buffer {
  const {
    name,
    namespaced,
    kind,
    singularName,
    group = '',
    version = '',
    storageVersionHash = '',
  } = resource;
  return protobufMessage([
    [1, name],
    [2, namespaced],
    [3, kind],
    [4, protobufMessage(repeated(1, resource.verbs))],
    ...repeated(5, resource.shortNames),
    [6, singularName],
    ...repeated(7, resource.categories),
    [8, group],
    [9, version],
    [10, storageVersionHash],
  ]);
}

function repeated(number: number, values: readonly string[] = []): ProtobufField[] {
  return values.map((value): ProtobufField => [number, value]);
}
