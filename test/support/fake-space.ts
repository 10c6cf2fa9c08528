import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import https, { type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { LabAuthority } from '../../src/demo/certificates.ts';

export interface FakeSpaceOptions {
  /** URL of the control plane behind it (an origin), and its CA. */
  controlPlane: { origin: string; ca: string };
  account: string;
  group: string;
  name: string;
}

const exchangePath = '/apis/tokenexchange.upbound.io/v1alpha1/orgscopedtokens';
const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange';

/**
 * The edge of Upbound's cloud in front of a real control plane: the documented exchange of tokens, and the documented URL of a control plane
 * in a Space. What it issues it swaps for a real credential of the control plane, so that whatever it does not refuse is judged there.
 */
export class FakeSpace implements AsyncDisposable {
  readonly #options: FakeSpaceOptions;
  readonly #server: Server;
  readonly #agent = new https.Agent({ keepAlive: true });
  readonly ca: string;
  /** The organization's token that is accepted. */
  organizationToken = `org-${randomBytes(12).toString('hex')}`;
  /** Tokens issued, and when each ends. */
  readonly #issued = new Map<string, number>();
  /** Milliseconds. */
  lifetimeMs = 3_600_000;
  /** Refuses to say when what it issues ends. */
  isSilentAboutExpiry = false;
  /** The exchange breaks connections off. */
  isExchangeDown = false;
  /** Bearer token of the control plane. */
  credential: string;
  exchanges = 0;
  refusals = 0;

  private constructor(
    options: FakeSpaceOptions,
    credential: string,
    authority: LabAuthority,
    server: Server,
  ) {
    this.#options = options;
    this.credential = credential;
    this.ca = authority.cert;
    this.#server = server;
  }

  static async start(options: FakeSpaceOptions, credential: string): Promise<FakeSpace> {
    const authority = await LabAuthority.create('fake-space-ca');
    const { cert, key } = await authority.issue({
      commonName: 'fake-space',
      hosts: ['127.0.0.1', 'localhost'],
    });
    const server = https.createServer({ cert, key });
    const space = new FakeSpace(options, credential, authority, server);
    server.on('request', (req, res) => void space.#answer(req, res).catch(() => res.destroy()));
    server.on('tlsClientError', () => undefined);
    server.requestTimeout = 0;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return space;
  }

  /** With its port. */
  get host(): string {
    return `localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What was issued so far is refused from now on. */
  revokeIssued(): void {
    this.#issued.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    this.#agent.destroy();
    await once(this.#server, 'close');
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.url === exchangePath) return await this.#exchange(req, res);
    const { group, name } = this.#options;
    const base = `/apis/spaces.upbound.io/v1beta1/namespaces/${group}/controlplanes/${name}/k8s`;
    if (!req.url?.startsWith(`${base}/`)) return refuse(res, 404, 'NotFound');
    const token = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '';
    if ((this.#issued.get(token) ?? 0) <= Date.now()) {
      this.refusals++;
      return refuse(res, 401, 'Unauthorized');
    }
    this.#forward(req, res, req.url.slice(base.length));
    return undefined;
  }

  /** As Upbound's SDK asks: the header and the form have the token, the scope the account, and there are two audiences. */
  async #exchange(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(req));
    if (this.isExchangeDown) {
      req.socket.destroy();
      return;
    }
    this.exchanges++;
    const isAsked =
      req.method === 'POST' &&
      req.headers['content-type'] === 'application/x-www-form-urlencoded' &&
      form.get('grant_type') === grantType &&
      form.get('subject_token_type') === 'urn:ietf:params:oauth:token-type:id_token' &&
      form.getAll('audience').join(' ') === 'upbound:spaces:api upbound:spaces:controlplanes';
    if (!isAsked) return refuse(res, 400, 'BadRequest');
    const isKnown =
      req.headers.authorization === `Bearer ${this.organizationToken}` &&
      form.get('subject_token') === this.organizationToken;
    if (!isKnown) return refuse(res, 401, 'Unauthorized');
    if (form.get('scope') !== `upbound:org:${this.#options.account}`) return refuse(res, 403, 'Forbidden');
    const token = `of-the-space-${randomBytes(16).toString('hex')}`;
    this.#issued.set(token, Date.now() + this.lifetimeMs);
    const answer = {
      access_token: token,
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      ...(this.isSilentAboutExpiry ? {} : { expires_in: this.lifetimeMs / 1000 }),
    };
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  #forward(req: IncomingMessage, res: ServerResponse, path: string): void {
    const { origin, ca } = this.#options.controlPlane;
    const { hostname, port } = new URL(origin);
    const { host: _host, connection: _connection, ...headers } = req.headers;
    const outgoing = https.request({
      agent: this.#agent,
      ca,
      hostname,
      port,
      path,
      method: req.method,
      headers: { ...headers, authorization: `Bearer ${this.credential}` },
    });
    outgoing.once('error', () => res.destroy());
    outgoing.once('response', (answer) => {
      res.writeHead(answer.statusCode ?? 500, answer.headers);
      res.flushHeaders();
      answer.pipe(res);
      answer.once('error', () => res.destroy());
    });
    res.once('close', () => outgoing.destroy());
    req.pipe(outgoing);
  }
}

function refuse(res: ServerResponse, code: number, reason: string): void {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: reason,
    reason,
    code,
  };
  res.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(status));
}
