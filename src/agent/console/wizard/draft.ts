import { randomBytes } from 'node:crypto';
import type { Check } from '../../../connecting/check.ts';
import type { ServerDefinition } from '../../servers/definition.ts';
import type { Toolset } from '../../tools/tool.ts';
import type { CatalogueEntry } from '../catalogue.ts';
import type { RawServer } from '../definitions-text.ts';

/** How the gateway reaches the control plane. */
export type Way = 'in-cluster' | 'kubeconfig' | 'url';

/** Who may call: bearer tokens, tokens of an OAuth issuer, or everybody, which only the file can say. */
export type Door = 'tokens' | 'oauth' | 'anonymous';

/** What the form shows and gives, whatever it is stored as. */
export interface DraftValues {
  name: string;
  description: string;
  timeoutSeconds: number;
  production: boolean;
  readOnly: boolean;
  /** `person`: clients that cannot ask one cannot confirm. */
  confirmation: 'any' | 'person';
  style: 'named' | 'compact';
  toolsets: Toolset[];
  /** Hosts, or hosts with a path, of package registries; every one when empty. */
  registries: string[];
  way: Way;
  url: string;
  /** PEM. */
  ca: string;
  /** Of the app cluster whose claims are shown under its own names; empty for the control plane's. */
  clusterId: string;
  claimNamespace: string;
  door: Door;
  /** Of the first token; the others are made on the server's page. */
  caller: string;
  issuer: string;
  audience: string;
  /** The control plane decides by the caller's own rights; names there begin with it. Empty: by the server's account. */
  impersonationPrefix: string;
  readsPerMinute: number;
  createsPerMinute: number;
  destructivePerMinute: number;
  log: 'stdout' | 'file' | 'none';
  logPath: string;
}

/** A server that is being set up or changed. It lives in the session; nothing of it is stored before it is deployed. */
export interface Draft {
  id: string;
  entry: string;
  /** The server it changes, as it was read. */
  editing: { name: string; raw: RawServer; complete: ServerDefinition } | undefined;
  values: DraftValues;
  /** Given and not stored yet. Never printed into a page again. */
  secrets: { kubeconfig?: string; token?: string };
  /** Of the connection as it stands in the values; undefined before one and after a change. */
  test: ConnectionTest | undefined;
  /** Which steps were sent without a fault. */
  done: Set<StepId>;
}

export interface ConnectionTest {
  checks: readonly Check[];
  /** RFC 3339. */
  time: string;
}

export type StepId = 'name' | 'behaviour' | 'control-plane' | 'callers' | 'limits' | 'review';

export const steps: readonly { id: StepId; label: string }[] = [
  { id: 'name', label: 'Name' },
  { id: 'behaviour', label: 'Behaviour' },
  { id: 'control-plane', label: 'Control plane' },
  { id: 'callers', label: 'Callers' },
  { id: 'limits', label: 'Limits and log' },
  { id: 'review', label: 'Review' },
];

export function newDraft(entry: CatalogueEntry): Draft {
  const { name, instructions, production, readOnly, toolsets } = entry;
  return {
    id: draftId(),
    entry: entry.id,
    editing: undefined,
    values: {
      ...firstValues,
      name,
      description: instructions,
      production,
      readOnly,
      toolsets: [...toolsets],
    },
    secrets: {},
    test: undefined,
    done: new Set(),
  };
}

export function draftId(): string {
  return randomBytes(9).toString('base64url');
}

export const firstValues: DraftValues = {
  name: '',
  description: '',
  timeoutSeconds: 30,
  production: true,
  readOnly: false,
  confirmation: 'any',
  style: 'named',
  toolsets: [],
  registries: [],
  way: 'kubeconfig',
  url: '',
  ca: '',
  clusterId: '',
  claimNamespace: '',
  door: 'tokens',
  caller: 'agent',
  issuer: '',
  audience: '',
  impersonationPrefix: '',
  readsPerMinute: 300,
  createsPerMinute: 30,
  destructivePerMinute: 10,
  log: 'stdout',
  logPath: '',
};

/** Of one session; who begins another loses the one that was begun first. */
const maxDrafts = 8;

export function keepDraft(drafts: Map<string, Draft>, draft: Draft): void {
  if (drafts.size >= maxDrafts) {
    const [first] = drafts.keys();
    drafts.delete(first as string);
  }
  drafts.set(draft.id, draft);
}
