import type { ServerResponse } from 'node:http';
import type { Html } from './html.ts';

/** What a handler answers; the stream of calls writes its own. */
export type Answer =
  | { page: Html; status?: number; headers?: Record<string, string> }
  | { redirect: string; headers?: Record<string, string> }
  | { json: unknown; status?: number }
  | 'written';

export function send(response: ServerResponse, answer: Answer, isHead: boolean): void {
  if (answer === 'written') return;
  if ('redirect' in answer) {
    // See Other: the browser asks with GET, whatever was sent before.
    response.writeHead(303, { ...answer.headers, Location: answer.redirect, 'Content-Length': 0 });
    response.end();
    return;
  }
  const isPage = 'page' in answer;
  const body = Buffer.from(isPage ? answer.page.text : JSON.stringify(answer.json));
  response.writeHead(answer.status ?? 200, {
    ...(isPage ? answer.headers : {}),
    'Content-Type': isPage ? 'text/html; charset=utf-8' : 'application/json',
    'Content-Length': body.length,
  });
  response.end(isHead ? undefined : body);
}
