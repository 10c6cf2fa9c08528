{{/* Everything of the agent gateway; room is left for what stands behind it. */}}
{{- define "mcp-connector.agentName" -}}
{{- printf "%s-agent" (include "mcp-connector.fullname" . | trunc 57 | trimSuffix "-") -}}
{{- end -}}

{{/* Another name than the connector's pods have, whose Service and budget select by theirs. */}}
{{- define "mcp-connector.agentSelectorLabels" -}}
app.kubernetes.io/name: {{ printf "%s-agent" (default .Chart.Name .Values.nameOverride | trunc 57 | trimSuffix "-") }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "mcp-connector.agentLabels" -}}
{{ include "mcp-connector.agentSelectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "mcp-connector.agentConfigMap" -}}
{{- $own := ternary (include "mcp-connector.agentConsoleName" .) (include "mcp-connector.agentName" .) .Values.agent.console.enabled -}}
{{- default $own .Values.agent.configMap -}}
{{- end -}}

{{/* What the console writes: the definitions' ConfigMap, which is another one than that of agent.servers, and the credentials' Secret. */}}
{{- define "mcp-connector.agentConsoleName" -}}
{{- include "mcp-connector.agentName" . }}-console
{{- end -}}

{{/* One clear sentence for each set of values that cannot work, before anything reaches the cluster. */}}
{{- define "mcp-connector.validateAgent" -}}
{{- $agent := .Values.agent -}}
{{- if $agent.console.enabled -}}
{{- if not $agent.console.passwordSecret.name -}}
{{- fail "agent.console.passwordSecret.name is required with agent.console.enabled: a Secret with a password of at least 12 characters" -}}
{{- end -}}
{{- if gt (int $agent.replicas) 1 -}}
{{- fail "agent.console.enabled needs agent.replicas to be 1: its sessions, and servers that are being set up, are in the memory of one pod" -}}
{{- end -}}
{{- if $agent.servers -}}
{{- fail "agent.servers and agent.console.enabled are both set, and an upgrade would undo what the console has changed; leave agent.servers out, or put the definitions into a ConfigMap of your own and name that in agent.configMap" -}}
{{- end -}}
{{- else if and (not $agent.servers) (not $agent.configMap) -}}
{{- fail "agent.servers is required with agent.enabled: at least one server definition; or agent.configMap, the name of a ConfigMap that has them under servers.yaml" -}}
{{- end -}}
{{- if and $agent.servers $agent.configMap -}}
{{- fail "agent.servers and agent.configMap are both set: the definitions can come from one of them only" -}}
{{- end -}}
{{- if and (gt (int $agent.replicas) 1) (not $agent.confirmationKeySecret.name) -}}
{{- fail "agent.confirmationKeySecret.name is required with more than one replica: a Secret with 32 random bytes or more, so that every pod knows the confirmations of all" -}}
{{- end -}}
{{- $accounts := dict -}}
{{- range $agent.accounts -}}
{{- if hasKey $accounts .name -}}
{{- fail (printf "agent.accounts has %q twice; give each account a name of its own" .name) -}}
{{- end -}}
{{- $_ := set $accounts .name true -}}
{{- end -}}
{{- range $agent.servers -}}
{{- $controlPlane := default dict .controlPlane -}}
{{- if $controlPlane.inCluster -}}
{{- fail (printf "agent.servers: %q has controlPlane.inCluster, and the pods have no account of their own; name one of agent.accounts: controlPlane.server with url https://kubernetes.default.svc, tokenFile accounts/<name>/token and caFile accounts/<name>/ca.crt" .name) -}}
{{- end -}}
{{- $authentication := default dict .authentication -}}
{{- if or (not $authentication) $authentication.anonymous -}}
{{- fail (printf "agent.servers: %q lets everybody call who reaches the pod; set authentication.tokens or authentication.oauth" .name) -}}
{{- end -}}
{{- if and .sessions (gt (int $agent.replicas) 1) -}}
{{- fail (printf "agent.servers: %q has sessions, which one pod keeps; set agent.replicas to 1, or leave sessions out" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
What a server may do on a control plane, by the access of its account: the rules of deploy/control-plane.yaml. Takes an entry
of agent.accounts.
*/}}
{{- define "mcp-connector.agentRules" -}}
{{- $write := eq .access "write" -}}
# XRDs and compositions, and what composes: the tools of the toolsets xrd, composition and environment.
- apiGroups: [apiextensions.crossplane.io]
  resources: [compositeresourcedefinitions, compositions, environmentconfigs]
  verbs: [{{ $write | ternary "get, list, create, update, patch, delete" "get, list" }}]
- apiGroups: [apiextensions.crossplane.io]
  resources: [compositionrevisions, managedresourcedefinitions, managedresourceactivationpolicies]
  verbs: [get, list]
# Who protects what; usages of Crossplane before 2.0 are in its old group.
- apiGroups: [apiextensions.crossplane.io]
  resources: [usages]
  verbs: [{{ $write | ternary "get, list, create, delete" "get, list" }}]
- apiGroups: [protection.crossplane.io]
  resources: [usages, clusterusages]
  verbs: [{{ $write | ternary "get, list, create, delete" "get, list" }}]
# Packages. Who may install one runs its code on the control plane.
- apiGroups: [pkg.crossplane.io]
  resources: [providers, configurations, functions]
  verbs: [{{ $write | ternary "get, list, create, patch, delete" "get, list" }}]
- apiGroups: [pkg.crossplane.io]
  resources: [providerrevisions, configurationrevisions, functionrevisions, locks, deploymentruntimeconfigs]
  verbs: [get, list]
# Operations. Whoever may create one may change anything that Crossplane may.
- apiGroups: [ops.crossplane.io]
  resources: [operations, cronoperations, watchoperations]
  verbs: [{{ $write | ternary "get, list, create, patch, delete" "get, list" }}]
# The schemas of all kinds, and what a provider brought along.
- apiGroups: [apiextensions.k8s.io]
  resources: [customresourcedefinitions]
  verbs: [get, list]
# Why something is not ready stands in Events.
- apiGroups: ['']
  resources: [events]
  verbs: [list]
{{- with .kinds }}
# Claims, composite and managed resources, as they were named.
{{- range . }}
- apiGroups: [{{ .group | quote }}]
  resources: {{ .resources | toJson }}
  verbs: [{{ $write | ternary "get, list, create, update, patch, delete" "get, list" }}]
{{- end }}
{{- end }}
{{- end -}}

{{/* Gives the pods' own account a role: of a namespace, or of the cluster. */}}
{{- define "mcp-connector.agentConsoleBinding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "mcp-connector.agentLabels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "mcp-connector.agentName" .root }}
    namespace: {{ .root.Release.Namespace }}
{{- end -}}
