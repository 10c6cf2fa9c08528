/** A member of a message with its number: text, bytes of an inner message, a truth or a number (as a varint). */
export type ProtobufField = readonly [number: number, value: string | Buffer | boolean | number];

/** The wire form of a message, members in the order given. Repeated members stand in it several times. */
export function protobufMessage(fields: readonly ProtobufField[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      if (typeof value === 'boolean' || typeof value === 'number')
        return [varint(number << 3), varint(Number(value))];
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      return [varint((number << 3) | 2), varint(bytes.length), bytes];
    }),
  );
}

/** An object as Kubernetes sends it in protobuf: magic bytes and runtime.Unknown (apimachinery/pkg/runtime/generated.proto). */
export function protobufObject(apiVersion: string, kind: string, raw: Buffer): Buffer {
  const typeMeta = protobufMessage([
    [1, apiVersion],
    [2, kind],
  ]);
  const unknown = protobufMessage([
    [1, typeMeta],
    [2, raw],
    [3, ''],
    [4, ''],
  ]);
  return Buffer.concat([Buffer.from('k8s\0'), unknown]);
}

/** Negative integers are sign-extended to 64 bits, as Go's int32 is. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
