{{- define "drift-sidecar.name" -}}
drift-sidecar-webhook
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
