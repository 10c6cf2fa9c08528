/**
 * Why a request was not carried out, in one word for operators: the label `reason` of
 * `mcp_connector_requests_total`, the log, audit lines and spans. Never on the wire. docs/troubleshooting.md has a line
 * for each.
 */
export const faults = {
  passed: 'the control plane said no, and its answer was passed on',
  refused: 'the connector said no to the request itself: malformed, too large, not found, in conflict',
  unauthenticated: 'a credential was refused',
  forbidden: 'the app cluster does not let the user do it',
  limit: 'a limit of the connector was reached',
  control_plane_unreachable: 'no connection to the control plane, or no answer in time',
  circuit_open: 'nothing was sent, because the control plane does not answer',
  outcome_unknown: 'a write was sent, and no answer came',
  credential_refused: "the control plane does not accept the connector's credential",
  credential_unavailable: 'the credential of the kubeconfig could not be read or made',
  right_missing: 'the connector lacks a right on the control plane',
  unusable_answer: 'what answered in place of the control plane spoke no Kubernetes',
  api_missing: 'the control plane does not serve the resource at the moment',
  binding_changed: 'the control plane, claim namespace or cluster ID is another than the recorded one',
  claim_namespace_missing: 'the claim namespace does not exist on the control plane',
  kubeconfig_unusable: 'the kubeconfig of the control plane is missing or cannot be read',
  catalog_unknown: 'no catalog was ever loaded or restored',
  app_cluster_unavailable: 'the app cluster could not be asked who the user is, or what the user may do',
  answer_broken: 'the answer broke off after its header was sent',
  client_gone: 'the client went away before its answer was complete',
  stopping: 'the connector stops',
  internal_error: 'a mistake of the connector; its log has the stack',
} as const;

export type Fault = keyof typeof faults;

const ofCode: Record<string, Fault> = {
  unreachable: 'control_plane_unreachable',
  connecting: 'control_plane_unreachable',
  'api-error': 'control_plane_unreachable',
  'credential-refused': 'credential_refused',
  'credential-unavailable': 'credential_unavailable',
  'right-missing': 'right_missing',
  'unusable-answer': 'unusable_answer',
  'binding-changed': 'binding_changed',
  'claim-namespace-missing': 'claim_namespace_missing',
  'kubeconfig-missing': 'kubeconfig_unusable',
  'kubeconfig-key-missing': 'kubeconfig_unusable',
  'kubeconfig-invalid': 'kubeconfig_unusable',
};

/** The fault behind a ConnectorError of the link, by its code. */
export function faultOfCode(code: string | undefined): Fault {
  return ofCode[code ?? ''] ?? 'control_plane_unreachable';
}

/** What an answer means where nobody said more: by its HTTP code. */
export function faultOfStatus(code: number): Fault {
  if (code === 401) return 'unauthenticated';
  if (code === 429) return 'limit';
  if (code === 500) return 'internal_error';
  if (code === 504) return 'outcome_unknown';
  return code > 500 ? 'control_plane_unreachable' : 'refused';
}
