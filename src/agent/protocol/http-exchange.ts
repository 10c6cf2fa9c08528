import type { IncomingMessage, ServerResponse } from 'node:http';

/** The head of a request as the fetch API has it; `signal` is aborted when its connection is done with it. */
export function headOf(req: IncomingMessage, signal: AbortSignal): Request {
  return new Request(urlOf(req), { method: req.method ?? 'GET', headers: headersOf(req), signal });
}

/** The same with a body. */
export function requestOf(req: IncomingMessage, body: string, signal: AbortSignal): Request {
  const hasBody = body !== '' && req.method !== 'GET' && req.method !== 'HEAD';
  return new Request(urlOf(req), {
    method: req.method ?? 'GET',
    headers: headersOf(req),
    signal,
    ...(hasBody ? { body } : {}),
  });
}

/** Undefined where it has more than `maxBytes`. */
export async function bodyOf(req: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Sends the answer as it comes; who reads slowly holds back what makes it. */
export async function sendResponse(res: ServerResponse, response: Response): Promise<void> {
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers['set-cookie'] = cookies;
  res.writeHead(response.status, headers);
  if (!response.body) {
    res.end();
    return;
  }
  const reader = response.body.getReader();
  const stop = (): void => void reader.cancel().catch(() => undefined);
  res.once('close', stop);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || res.destroyed) break;
      if (!res.write(value))
        await new Promise<void>((resolve) => {
          res.once('drain', resolve);
          res.once('close', resolve);
        });
    }
  } finally {
    res.off('close', stop);
    res.end();
  }
}

function urlOf({ headers: { host = 'localhost' }, url = '/' }: IncomingMessage): string {
  return `http://${host}${url.startsWith('/') ? url : '/'}`;
}

function headersOf(req: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < req.rawHeaders.length; at += 2)
    headers.append(req.rawHeaders[at] as string, req.rawHeaders[at + 1] as string);
  return headers;
}
