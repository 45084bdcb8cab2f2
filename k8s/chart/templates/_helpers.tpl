{{/* The release's own, so that two releases live side by side: `drift-sidecar` where that is its name, else NAME-drift-sidecar. */}}
{{- define "drift-sidecar.release" -}}
{{- contains "drift-sidecar" .Release.Name | ternary .Release.Name (printf "%s-drift-sidecar" .Release.Name) | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "drift-sidecar.name" -}}
{{ include "drift-sidecar.release" . }}-webhook
{{- end }}

{{/* Whether a part is made that needs a kind of the Prometheus operator: (list $ .Values.part.enabled "Kind"). */}}
{{- define "drift-sidecar.monitored" -}}
{{- $known := (index . 0).Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" (index . 2)) }}
{{- if eq (index . 1 | toString) "auto" | ternary $known (eq (index . 1 | toString) "true") }}yes{{ end }}
{{- end }}

{{- define "drift-sidecar.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "drift-sidecar.options" -}}
{{- $image := dict "image" (include "drift-sidecar.image" .) }}
{{- if .Values.image.pullPolicy }}{{ $_ := set $image "image_pull_policy" .Values.image.pullPolicy }}{{ end }}
{{- merge (deepCopy .Values.options) $image | toYaml }}
{{- end }}

{{- define "drift-sidecar.selector" -}}
app.kubernetes.io/name: drift-sidecar-webhook
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "drift-sidecar.labels" -}}
{{ include "drift-sidecar.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* Words of the label drift-sidecar/inject, as sidecar/inject/wishes.py reads them: selectors tell letters' case. */}}
{{- define "drift-sidecar.on" -}}
"enabled", "Enabled", "ENABLED", "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"
{{- end }}

{{- define "drift-sidecar.off" -}}
"disabled", "Disabled", "DISABLED", "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"
{{- end }}
