import { type Bytes, skipString } from './json-scan.ts';

const quote = 0x22;

/** The same JSON text without the white space between its tokens. Duplicates, order and numbers stay. */
export function compactJson(bytes: Bytes): Buffer {
  const compact = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at] as number;
    if (byte === quote) {
      const end = skipString(bytes, at, bytes.length);
      length += bytes.copy(compact, length, at, end);
      at = end;
      continue;
    }
    if (byte > 0x20) compact[length++] = byte;
    at++;
  }
  return compact.subarray(0, length);
}
