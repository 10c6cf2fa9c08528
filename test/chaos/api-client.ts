import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { accessFromFile, type ClusterAccess } from '../../src/clusters/cluster-access.ts';
import type { Tally } from './tally.ts';

export interface Question {
  method?: string;
  path: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Of the body; application/json when left out. */
  contentType?: string;
  accept?: string;
}

export interface Answer {
  /** 0 when there was none, or it broke off. */
  status: number;
  /** Seconds, as the server asks for. */
  retryAfter: number | undefined;
  /** The body as JSON; undefined when it is something else. */
  body: unknown;
  /** 2xx with something else than JSON; `status` is 0 then, so that nobody takes it for an answer. */
  isGarbled?: true;
  /** Why there was no answer, or what a server error says. */
  fault?: string;
}

/** What a client may conclude about a write from its answer. */
export type Outcome = 'acknowledged' | 'refused' | 'unknown';

/** What kube-apiserver allows a request by default, and somewhat more. Milliseconds. */
const timeoutMs = 75_000;
/** client-go waits for it before it asks again; more than that no answer of the connector asks for. Seconds. */
const longestRetryAfter = 10;
/** Before it asks again when there was no answer. Milliseconds. */
const pauseMs = 500;

/**
 * Refused means: nothing was done. That is so for 4xx, and for a 503 or 504 with Retry-After, on which client-go sends a
 * write again without asking (rest/with_retry.go).
 */
export function outcomeOf({ status, retryAfter }: Answer): Outcome {
  if (status >= 200 && status < 300) return 'acknowledged';
  if (status >= 400 && status < 500) return 'refused';
  return status >= 500 && retryAfter !== undefined ? 'refused' : 'unknown';
}

/** True for a 404 about the object; one for a path that no API server serves says nothing about objects. */
export function saysGone({ status, body }: Answer): boolean {
  const details = (body as { details?: { name?: string } } | undefined)?.details;
  return status === 404 && details?.name !== undefined;
}

/** One client of the app cluster, with connections of its own that it keeps. It counts what it is answered. */
export class ApiClient {
  readonly name: string;
  readonly #access: ClusterAccess;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  readonly #tally: Tally;
  readonly #measured: RegExp;
  readonly #open = new Set<IncomingMessage>();
  #retryAt = 0;

  /** Requests whose path `measured` matches are counted. */
  constructor(name: string, kubeconfig: string, tally: Tally, measured: RegExp) {
    this.name = name;
    this.#access = accessFromFile(kubeconfig);
    this.#tally = tally;
    this.#measured = measured;
  }

  /** When this client may ask again, as the last answer said. Milliseconds since the epoch. */
  get retryAt(): number {
    return this.#retryAt;
  }

  /** Asks and reads the whole answer. Never throws: no answer is a result. */
  async ask(question: Question): Promise<Answer> {
    const { method = 'GET', path } = question;
    const started = Date.now();
    const answer = await this.#exchange(question);
    if (answer.retryAfter !== undefined)
      this.#retryAt = Date.now() + Math.min(answer.retryAfter, longestRetryAfter) * 1000;
    if (answer.status === 0) this.#retryAt = Date.now() + pauseMs;
    if (this.#measured.test(path))
      this.#tally.count({
        client: this.name,
        what: `${method} ${path}`,
        isWrite: method !== 'GET',
        answer,
        tookMs: Date.now() - started,
      });
    return answer;
  }

  async #exchange(question: Question): Promise<Answer> {
    try {
      const response = await this.#send(question, timeoutMs);
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const retryAfter = response.headers['retry-after'];
      const text = Buffer.concat(chunks).toString('utf8');
      const body = parsed(text);
      const status = response.statusCode ?? 0;
      if (status < 300 && body === undefined)
        return { status: 0, retryAfter: undefined, body, isGarbled: true, fault: text.slice(0, 200) };
      return {
        status,
        retryAfter: retryAfter === undefined ? undefined : Number(retryAfter),
        body,
        ...(status < 500 ? {} : { fault: (body as { message?: string } | undefined)?.message ?? text }),
      };
    } catch (error) {
      return { status: 0, retryAfter: undefined, body: undefined, fault: String(error) };
    }
  }

  /** Lines of a streamed answer as they come, then how it ended: `clean` without the last chunk's half of a line. */
  async stream(path: string, onLine: (line: string) => void): Promise<Answer & { ended: 'clean' | 'cut' }> {
    let rest = '';
    let response: IncomingMessage;
    try {
      response = await this.#send({ path }, 0);
    } catch (error) {
      return { status: 0, retryAfter: undefined, body: undefined, fault: String(error), ended: 'cut' };
    }
    const status = response.statusCode ?? 0;
    const retryAfter = response.headers['retry-after'];
    const answer = { status, retryAfter: retryAfter === undefined ? undefined : Number(retryAfter) };
    this.#open.add(response);
    try {
      response.setEncoding('utf8');
      for await (const chunk of response) {
        rest += chunk as string;
        if (status !== 200) continue;
        const lines = rest.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line !== '') onLine(line);
      }
      return { ...answer, body: parsed(rest), ended: rest === '' ? 'clean' : 'cut' };
    } catch (error) {
      return { ...answer, body: undefined, fault: String(error), ended: 'cut' };
    } finally {
      this.#open.delete(response);
    }
  }

  async #send(question: Question, limitMs: number): Promise<IncomingMessage> {
    const { method = 'GET', path, body, contentType = 'application/json', accept } = question;
    const { tls, authorization } = await this.#access.credential();
    const text = body === undefined ? undefined : JSON.stringify(body);
    const { hostname, port } = this.#access.server;
    return await new Promise((resolve, reject) => {
      const outgoing = request(
        {
          ...tls,
          agent: this.#agent,
          host: hostname,
          port,
          path,
          method,
          headers: {
            'user-agent': `chaos-${this.name}`,
            ...(accept === undefined ? {} : { accept }),
            ...(authorization === undefined ? {} : { authorization }),
            ...(text === undefined
              ? {}
              : { 'content-type': contentType, 'content-length': String(Buffer.byteLength(text)) }),
          },
        },
        resolve,
      );
      if (limitMs > 0)
        outgoing.setTimeout(limitMs, () => outgoing.destroy(new Error(`no answer in ${limitMs / 1000} s`)));
      outgoing.once('error', reject);
      outgoing.end(text);
    });
  }

  /** Ends what is open. */
  close(): void {
    for (const response of this.#open) response.destroy();
    this.#agent.destroy();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
