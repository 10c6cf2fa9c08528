import type { OutgoingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { gzip, type ZlibOptions } from 'node:zlib';

/*
 * As kube-apiserver compresses (responsewriters/writers.go): only what is larger than 128 KiB, at the fastest level. Its own
 * client unpacks an answer again for those who did not ask for it.
 */
export const zippedBytes = 128 * 1024;
export const zipOptions: ZlibOptions = { level: 1 };
export const zippedHeaders: OutgoingHttpHeaders = { 'content-encoding': 'gzip', vary: 'Accept-Encoding' };

/** negotiateContentEncoding: the token as it stands; `gzip;q=0` is another one. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  return acceptEncoding?.split(',').some((token) => token.trim() === 'gzip') === true;
}

const gzipAsync = promisify<Buffer, ZlibOptions, Buffer>(gzip);

export function zip(body: Buffer): Promise<Buffer> {
  return gzipAsync(body, zipOptions);
}
