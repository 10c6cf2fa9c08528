import { describe, expect, it } from '@jest/globals';
import type { Exchange } from '../../../src/downstream/exchange.ts';
import { serveContent } from '../../../src/handlers/served-content.ts';

const madeAt = new Date('2024-05-06T07:08:09.500Z');
const content = { body: Buffer.from('0123456789'), etag: '"AB"', madeAt };

interface Answered {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

function answered(headers: Record<string, string> = {}): Answered | undefined {
  let answer: Answered | undefined;
  const exchange = {
    header: (name: string) => headers[name],
    answer: (status: number, sent: Record<string, unknown>, body: Buffer) => {
      answer = { status, headers: sent, body: body.toString('utf8') };
    },
    res: {
      writeHead: (status: number, sent: Record<string, unknown>) => {
        answer = { status, headers: sent, body: '' };
      },
      end: () => undefined,
    },
  };
  serveContent(exchange as unknown as Exchange, content);
  return answer;
}

describe('content as http.ServeContent serves it', () => {
  it('says what it can be asked for again by', () => {
    expect(answered()).toEqual({
      status: 200,
      headers: {
        'content-type': 'application/json',
        etag: '"AB"',
        vary: 'Accept',
        'last-modified': 'Mon, 06 May 2024 07:08:09 GMT',
        'accept-ranges': 'bytes',
      },
      body: '0123456789',
    });
  });

  it.each([
    [{ 'if-none-match': '"AB"' }, 304],
    [{ 'if-none-match': '"CD", W/"AB"' }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"CD"' }, 200],
    [{ 'if-modified-since': 'Mon, 06 May 2024 07:08:09 GMT' }, 304],
    [{ 'if-modified-since': 'Mon, 06 May 2024 07:08:08 GMT' }, 200],
    [{ 'if-modified-since': 'yesterday' }, 200],
    [{ 'if-none-match': '"CD"', 'if-modified-since': 'Mon, 06 May 2024 07:08:09 GMT' }, 200],
  ])('answers %j with %i', (headers, status) => {
    expect(answered(headers as Record<string, string>)?.status).toBe(status);
  });

  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=5-99', 206, '56789', 'bytes 5-9/10'],
    ['bytes=0-1,4-5', 200, '0123456789', undefined],
    ['lines=0-1', 200, '0123456789', undefined],
  ])('answers the range %s', (range, status, body, contentRange) => {
    const answer = answered({ range });
    expect({ status: answer?.status, body: answer?.body }).toEqual({ status, body });
    expect(answer?.headers['content-range']).toBe(contentRange);
  });
});
