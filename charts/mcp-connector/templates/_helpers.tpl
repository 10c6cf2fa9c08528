{{/* Name of everything the release makes; it carries the release's name unless it is overridden. */}}
{{- define "mcp-connector.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "mcp-connector.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "mcp-connector.labels" -}}
{{ include "mcp-connector.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "mcp-connector.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "mcp-connector.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "mcp-connector.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{- if .Values.image.digest -}}
{{- printf "%s:%s@%s" .Values.image.repository $tag .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository $tag -}}
{{- end -}}
{{- end -}}

{{/* The Secret with the organization's token: a given one, or the one made of upbound.token. */}}
{{- define "mcp-connector.tokenSecretName" -}}
{{- default (printf "%s-upbound-token" (include "mcp-connector.fullname" .)) .Values.upbound.tokenSecret.name -}}
{{- end -}}

{{/* Of every process that goes to the control plane: the proxy, and what a credential plugin may need. */}}
{{- define "mcp-connector.wayEnv" -}}
{{- $proxy := .Values.proxy -}}
{{- with $proxy.httpsProxy }}
- name: HTTPS_PROXY
  value: {{ . | quote }}
{{- end }}
{{- with $proxy.httpProxy }}
- name: HTTP_PROXY
  value: {{ . | quote }}
{{- end }}
{{- if or $proxy.httpsProxy $proxy.httpProxy }}
- name: NO_PROXY
  value: {{ list "$(KUBERNETES_SERVICE_HOST)" "localhost" "127.0.0.1" ".svc" ".cluster.local" $proxy.noProxy | compact | join "," | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Not empty where the deletion of a namespace can be refused. */}}
{{- define "mcp-connector.blocksNamespaces" -}}
{{- range .Values.namespaceDeletion -}}{{- if eq .policy "block" -}}true{{- end -}}{{- end -}}
{{- end -}}

{{/* One clear sentence for each set of values that cannot work, before anything reaches the cluster. */}}
{{- define "mcp-connector.validate" -}}
{{- $controlPlane := .Values.spaces.controlPlane -}}
{{- if not $controlPlane.kubeconfigSecret.name -}}
{{- if not (or .Values.upbound.token .Values.upbound.tokenSecret.name) -}}
{{- fail "spaces.controlPlane.kubeconfigSecret.name is required: the name of a Secret in the release's namespace with a kubeconfig for the control plane; or upbound.account with a token, spaces.host and spaces.controlPlane.name" -}}
{{- end -}}
{{- if not .Values.upbound.account -}}
{{- fail "upbound.account is required with a token: the organization that it is of" -}}
{{- end -}}
{{- if not .Values.spaces.host -}}
{{- fail "spaces.host is required with a token: the host of the Space that has the control plane" -}}
{{- end -}}
{{- if not $controlPlane.name -}}
{{- fail "spaces.controlPlane.name is required with a token: the name of the control plane in the Space" -}}
{{- end -}}
{{- end -}}
{{- if not $controlPlane.claimNamespace -}}
{{- fail "spaces.controlPlane.claimNamespace is required: the namespace on the control plane that holds the claims of this cluster" -}}
{{- end -}}
{{- if and .Values.hostNetwork (eq (int .Values.containerPort) 10250) -}}
{{- fail "hostNetwork needs another containerPort than 10250, which the kubelet holds on every node" -}}
{{- end -}}
{{- end -}}
