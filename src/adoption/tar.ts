import { Buffer } from 'node:buffer';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ConnectorError, describeError } from '../base/errors.ts';

export interface ArchiveFile {
  /** With slashes. */
  path: string;
  text: string;
}

const block = 512;
/** Of POSIX.1-1988 (ustar), which every tar reads. */
const shortPath = 100;

/** A gzipped tar file of these files, readable by their owner only. Names of Kubernetes may be too long for ustar: those get an extended header. */
export function packTarGz(files: readonly ArchiveFile[]): Buffer {
  const parts = files.flatMap(({ path, text }) => {
    const content = Buffer.from(text);
    const isLong = Buffer.byteLength(path) > shortPath;
    return [
      ...(isLong ? entry('PaxHeader', paxRecord('path', path), 'x') : []),
      ...entry(isLong ? path.slice(0, shortPath) : path, content, '0'),
    ];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * block)]));
}

/** The files of a gzipped tar file. Throws ConnectorError `bad-archive`. */
export function unpackTarGz(packed: Buffer): ArchiveFile[] {
  let bytes: Buffer;
  try {
    bytes = gunzipSync(packed);
  } catch (cause) {
    throw new ConnectorError('bad-archive', `it is no gzipped tar file: ${describeError(cause)}`, { cause });
  }
  const files: ArchiveFile[] = [];
  let longPath: string | undefined;
  // It ends with blocks of zeros.
  for (let at = 0; bytes[at] !== 0;) {
    if (at + block > bytes.length) throw cutOff();
    const header = bytes.subarray(at, at + block);
    const size = Number.parseInt(textOf(header, 124, 12), 8);
    if (!Number.isSafeInteger(size) || at + block + size > bytes.length) throw cutOff();
    const content = bytes.subarray(at + block, at + block + size);
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === 'x') longPath = /(?:^|\n)\d+ path=([^\n]*)\n/.exec(content.toString('utf8'))?.[1];
    else if (type === 'L') longPath = content.toString('utf8').replace(/\0.*$/s, '');
    else {
      const prefix = textOf(header, 345, 155);
      const name = textOf(header, 0, 100);
      const path = longPath ?? (prefix === '' ? name : `${prefix}/${name}`);
      longPath = undefined;
      if (type === '0' || type === '\0')
        files.push({ path: path.replace(/^(\.?\/)+/, ''), text: content.toString('utf8') });
    }
    at += block + Math.ceil(size / block) * block;
  }
  return files;
}

function entry(path: string, content: Buffer, type: string): Buffer[] {
  const header = Buffer.alloc(block);
  header.write(path, 0, shortPath);
  header.write('0000600\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, content, Buffer.alloc((block - (content.length % block)) % block)];
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (length !== rest + String(length).length) length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function textOf(bytes: Buffer, at: number, length: number): string {
  return bytes
    .toString('utf8', at, at + length)
    .replace(/\0.*$/s, '')
    .trim();
}

function cutOff(): ConnectorError {
  return new ConnectorError('bad-archive', 'it is cut off, or no tar file');
}
