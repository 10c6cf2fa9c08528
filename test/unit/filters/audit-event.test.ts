import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { parseRequestInfo } from '../../../src/apimachinery/request-info.ts';
import { notFound } from '../../../src/apimachinery/status.ts';
import { Cancellation } from '../../../src/base/cancellation.ts';
import { Exchange } from '../../../src/downstream/exchange.ts';
import { type AuditEvent, auditEventOf } from '../../../src/filters/audit-event.ts';
import { outcomeOf } from '../../../src/filters/outcome.ts';

interface Sent {
  url?: string;
  headers?: Record<string, string>;
  peer?: string;
  /** Of the answer. */
  code?: number;
  isWhole?: boolean;
  isBegun?: boolean;
}

function exchangeOf({
  url,
  headers = {},
  peer = '10.0.0.2',
  code = 200,
  isWhole = true,
  isBegun = true,
}: Sent): Exchange {
  const req = { method: 'GET', url: url ?? '/apis/a.example.org/v1/namespaces/n/dbs/one', headers };
  const res = Object.assign(new EventEmitter(), {
    statusCode: code,
    writableFinished: isWhole,
    headersSent: isBegun,
  });
  const exchange = new Exchange(
    { ...req, socket: { remoteAddress: peer } } as unknown as IncomingMessage,
    res as unknown as ServerResponse,
    'id',
    new Cancellation(),
  );
  exchange.info = parseRequestInfo(req.method, req.url);
  return exchange;
}

function eventOf(exchange: Exchange, storedName?: string): AuditEvent {
  return auditEventOf(exchange, { outcome: outcomeOf(exchange), now: Date.now(), storedName });
}

describe('an audit line', () => {
  it.each<[string, Record<string, string>, string[]]>([
    ['only the peer', {}, ['10.0.0.2']],
    [
      'hops of proxies, then the peer',
      { 'x-forwarded-for': '192.0.2.1, 2001:db8::1' },
      ['192.0.2.1', '2001:db8::1', '10.0.0.2'],
    ],
    ['the peer once', { 'x-forwarded-for': '192.0.2.1, 10.0.0.2' }, ['192.0.2.1', '10.0.0.2']],
    [
      'no words',
      { 'x-forwarded-for': 'unknown, <script>', 'x-real-ip': '192.0.2.9' },
      ['192.0.2.9', '10.0.0.2'],
    ],
  ])('names as source %s', (_what, headers, expected) => {
    expect(eventOf(exchangeOf({ headers })).sourceIPs).toEqual(expected);
  });

  it('writes an IPv4 peer as such on a socket for both', () => {
    expect(eventOf(exchangeOf({ peer: '::ffff:192.0.2.7' })).sourceIPs).toEqual(['192.0.2.7']);
  });

  it('names the user with all that the app cluster knows, and nobody before authentication', () => {
    const exchange = exchangeOf({});
    expect(eventOf(exchange).user).toEqual({});
    exchange.user = { name: 'ann', uid: '7', groups: ['a'], extra: { 'example.org/scopes': ['x', 'y'] } };
    expect(eventOf(exchange).user).toEqual({
      username: 'ann',
      uid: '7',
      groups: ['a'],
      extra: { 'example.org/scopes': ['x', 'y'] },
    });
  });

  it('has the Status of a refusal, and the reason', () => {
    const exchange = exchangeOf({ code: 404 });
    exchange.record.isAuthorized = true;
    exchange.record.fault = 'passed';
    exchange.record.status = notFound({ group: 'a.example.org', resource: 'dbs' }, 'one').toStatus();
    const line = eventOf(exchange, 'claim-0123456789abcdef');
    expect(line.responseStatus).toEqual({
      metadata: {},
      status: 'Failure',
      message: 'dbs.a.example.org "one" not found',
      reason: 'NotFound',
      details: { name: 'one', group: 'a.example.org', kind: 'dbs' },
      code: 404,
    });
    expect(line.annotations).toEqual({
      'authorization.k8s.io/decision': 'allow',
      'mcp-connector-k8s.io/control-plane-name': 'claim-0123456789abcdef',
      'mcp-connector-k8s.io/reason': 'passed',
    });
  });

  it('cuts an endless User-Agent', () => {
    const line = eventOf(exchangeOf({ headers: { 'user-agent': 'x'.repeat(5_000) } }));
    expect(line.userAgent).toHaveLength(1_024);
  });

  it('adds up the time of the control plane', () => {
    const exchange = exchangeOf({});
    exchange.record.upstreamMs = 1.23456;
    expect(eventOf(exchange).annotations).toEqual({ 'mcp-connector-k8s.io/upstream-latency': '1.235ms' });
    exchange.record.upstreamMs = 2_500;
    expect(eventOf(exchange).annotations).toEqual({ 'mcp-connector-k8s.io/upstream-latency': '2.5s' });
  });
});

describe('the outcome of a request', () => {
  const watch = '/apis/a.example.org/v1/dbs?watch=true';

  it.each<[string, Sent, ReturnType<typeof outcomeOf>]>([
    ['that was carried out has no reason', {}, { code: 200, reason: '' }],
    ['that was refused by code alone has one', { code: 404 }, { code: 404, reason: 'refused' }],
    ['whose client went away is 499', { isWhole: false }, { code: 499, reason: 'client_gone' }],
    [
      'for a watch that its client ended is that of its start',
      { url: watch, isWhole: false },
      { code: 200, reason: '' },
    ],
    [
      'for a watch that never began is 499',
      { url: watch, isWhole: false, isBegun: false },
      { code: 499, reason: 'client_gone' },
    ],
  ])('%s', (_what, sent, expected) => {
    expect(outcomeOf(exchangeOf(sent))).toEqual(expected);
  });

  it('is a failure where the answer broke off, whatever its header said', () => {
    const exchange = exchangeOf({ isWhole: false });
    exchange.record.fault = 'answer_broken';
    expect(outcomeOf(exchange)).toEqual({ code: 500, reason: 'answer_broken' });
  });

  it('forgets a refusal on the way to success', () => {
    const exchange = exchangeOf({ code: 201 });
    exchange.record.fault = 'passed';
    expect(outcomeOf(exchange)).toEqual({ code: 201, reason: '' });
  });
});
