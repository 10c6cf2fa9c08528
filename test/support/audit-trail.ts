import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { eventually } from './eventually.ts';

/** One line of kube-apiserver's audit log (audit.k8s.io/v1 Event), as far as tests look. */
export interface ApiAuditEvent {
  auditID: string;
  stage: string;
  verb: string;
  requestURI: string;
  userAgent?: string;
  /** Without a name where nobody was authenticated. */
  user: { username?: string; groups?: string[] };
  impersonatedUser?: { username: string; groups?: string[] };
  responseStatus?: { code: number };
  objectRef?: { resource?: string; subresource?: string; name?: string; apiGroup?: string };
}

const readingVerbs = new Set(['get', 'list', 'watch']);

/** What a kube-apiserver of a lab writes down of every request, without bodies. */
export class AuditTrail {
  readonly #policy: string;
  readonly #file: string;

  private constructor(dir: string) {
    this.#policy = path.join(dir, 'audit-policy.json');
    this.#file = path.join(dir, 'control-plane.audit.log');
  }

  static async prepare(dir: string): Promise<AuditTrail> {
    const trail = new AuditTrail(dir);
    const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] };
    await writeFile(trail.#policy, JSON.stringify(policy));
    return trail;
  }

  /** For `apiServerFlags` of a lab. */
  get flags(): string[] {
    return [`--audit-policy-file=${this.#policy}`, `--audit-log-path=${this.#file}`];
  }

  /** Complete requests in order. */
  async events(): Promise<ApiAuditEvent[]> {
    const text = await readFile(this.#file, 'utf8');
    return text
      .slice(0, text.lastIndexOf('\n'))
      .split('\n')
      .map((line) => JSON.parse(line) as ApiAuditEvent)
      .filter(({ stage }) => stage === 'ResponseComplete');
  }

  /** The requests of these ids, as soon as all are there. */
  async requests(ids: readonly string[]): Promise<ApiAuditEvent[]> {
    return await eventually(async () => {
      const events = await this.events();
      const found = ids.map((id) => events.find(({ auditID }) => auditID === id));
      if (found.some((event) => event === undefined))
        throw new Error('not all requests are in the audit log yet');
      return found as ApiAuditEvent[];
    });
  }

  /** Whatever of a user was no read; reviews of one's own rights write nothing. */
  async writesOf(username: string): Promise<string[]> {
    const events = await this.events();
    return events
      .filter(({ user, verb }) => user.username === username && !readingVerbs.has(verb))
      .filter(({ objectRef }) => objectRef?.apiGroup !== 'authorization.k8s.io')
      .map(({ verb, requestURI }) => `${verb} ${requestURI}`);
  }
}
