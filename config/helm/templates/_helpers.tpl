{{- define "npb.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The longest suffixes are -open-reports and -metrics-reader: names of ServiceAccounts and Services end at 63 characters. */}}
{{- define "npb.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" }}
{{- else }}
{{- $name := include "npb.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 48 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 48 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "npb.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{- define "npb.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "npb.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "npb.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "npb.selectorLabels" -}}
app.kubernetes.io/name: {{ include "npb.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "npb.labels" -}}
{{- $own := include "npb.selectorLabels" . | fromYaml }}
{{- $others := dict
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/part-of" "namespace-policy-baseline"
  "app.kubernetes.io/managed-by" .Release.Service
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") }}
{{- merge $own .Values.commonLabels $others | toYaml }}
{{- end }}

{{/*
The text of a file that the chart shares with the rest of the repository, by symbolic links below files/.
Some tools fetch charts from git without following them; what is missing must not go unnoticed.
*/}}
{{- define "npb.file" -}}
{{- $text := .root.Files.Get .path }}
{{- if not (regexMatch "(?m)^kind: |\"panels\": " $text) }}
{{- fail (printf "%s is not in this chart: whatever fetched it from git left symbolic links out. Package it with `helm package config/helm` in a checkout, and install the package, from a registry or a file." .path) }}
{{- end }}
{{- $text }}
{{- end }}

{{/* Whether objects of the Prometheus operator are wanted and possible: "true" or nothing. Fails where that is asked for. */}}
{{- define "npb.monitoring" -}}
{{- if .settings.enabled }}
{{- $served := .root.Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}
{{- if and (not $served) (eq .settings.renderMode "failIfMissing") }}
{{- fail (printf "%s.enabled is true and the cluster does not serve monitoring.coreos.com/v1: install the Prometheus operator first, or set %s.renderMode to skipIfMissing." .name .name) }}
{{- end }}
{{- if or $served (eq .settings.renderMode "alwaysRender") }}true{{ end }}
{{- end }}
{{- end }}
