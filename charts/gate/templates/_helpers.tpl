{{- define "gate.name" -}}
{{- .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "gate.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "gate.selector" -}}
app.kubernetes.io/name: {{ include "gate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "gate.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "gate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "gate.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "gate.fullname" .) -}}
{{- end -}}

{{- define "gate.image" -}}
{{- $tag := .image.tag | default .root.Chart.AppVersion -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ $tag }}
{{- end -}}
{{- end -}}

{{- define "gate.tlsSecret" -}}
{{- .Values.tls.secretName | default (printf "%s-tls" (include "gate.fullname" .)) -}}
{{- end -}}

{{- define "gate.webhookName" -}}
{{- printf "%s" (include "gate.fullname" .) -}}
{{- end -}}

{{- define "gate.failurePolicy" -}}
{{- if .Values.webhook.failurePolicy -}}
{{ .Values.webhook.failurePolicy }}
{{- else if eq .Values.rollout "enforce" -}}
Fail
{{- else -}}
Ignore
{{- end -}}
{{- end -}}

{{- define "gate.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "gate.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "gate.storeArgs" -}}
{{- if eq .Values.store.kind "postgresql" }}
- --store=$(GATE_STORE_URL)
{{- else }}
- --store={{ .Values.store.kind }}
{{- end }}
{{- end -}}

{{- define "gate.storeEnv" -}}
{{- if eq .Values.store.kind "postgresql" }}
- name: GATE_STORE_URL
  valueFrom:
    secretKeyRef:
      name: {{ required "store.postgresql.secretName is needed with store.kind postgresql" .Values.store.postgresql.secretName }}
      key: {{ .Values.store.postgresql.key }}
{{- end }}
{{- end -}}

{{- define "gate.selfTestNamespace" -}}
{{- .Values.selfTest.namespace | default (printf "%s-self-test" .Release.Namespace | trunc 63 | trimSuffix "-") -}}
{{- end -}}

{{- define "gate.policyRegistry" -}}
{{- $host := splitList "/" .Values.opa.bundle.reference | first -}}
{{- .Values.opa.bundle.url | default (printf "https://%s" (ternary "registry-1.docker.io" $host (eq $host "docker.io"))) -}}
{{- end -}}

{{- /* Who is judged by which path: namespaces by the label that chooses their environment, and all others. The API server
matches the label, so that no review waits for it; every namespace is in exactly one audience. */ -}}
{{- define "gate.audiences" -}}
{{- $label := .Values.settings.environment_label | default dict -}}
{{- $found := list -}}
{{- $values := list -}}
{{- range .Values.settings.environments -}}
{{- if .labels -}}
{{- $key := required "settings.environment_label is needed: environments are chosen by a label that nobody guards" $label.key -}}
{{- $match := dict "key" $key "operator" "In" "values" .labels -}}
{{- $found = append $found (dict "prefix" (printf "%s." .name) "path" (printf "/validate/%s" .name) "match" $match) -}}
{{- $values = concat $values .labels -}}
{{- end -}}
{{- end -}}
{{- $rest := dict "prefix" "" "path" "/validate" -}}
{{- if $values -}}
{{- $_ := set $rest "match" (dict "key" $label.key "operator" "NotIn" "values" $values) -}}
{{- end -}}
{{- prepend $found $rest | toYaml -}}
{{- end -}}
