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

{{/* One clear sentence for each set of values that cannot work, before anything reaches the cluster. */}}
{{- define "mcp-connector.validate" -}}
{{- $controlPlane := .Values.spaces.controlPlane -}}
{{- if not $controlPlane.kubeconfigSecret.name -}}
{{- if .Values.upbound.token -}}
{{- fail "token exchange is not part of this version; create a kubeconfig Secret for the control plane and name it in spaces.controlPlane.kubeconfigSecret.name" -}}
{{- end -}}
{{- fail "spaces.controlPlane.kubeconfigSecret.name is required: the name of a Secret in the release's namespace with a kubeconfig for the control plane" -}}
{{- end -}}
{{- if not $controlPlane.claimNamespace -}}
{{- fail "spaces.controlPlane.claimNamespace is required: the namespace on the control plane that holds the claims of this cluster" -}}
{{- end -}}
{{- if and .Values.hostNetwork (eq (int .Values.containerPort) 10250) -}}
{{- fail "hostNetwork needs another containerPort than 10250, which the kubelet holds on every node" -}}
{{- end -}}
{{- end -}}
