{{/* Names and labels, and the few blocks that every pod shares. */}}

{{- define "atf.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}
{{- end }}

{{- define "atf.labels" -}}
app.kubernetes.io/name: {{ .component }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: asynctaskflow
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "atf.selector" -}}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/part-of: asynctaskflow
{{- end }}

{{/* An image: {image: {repository, tag, digest}, root}. */}}
{{- define "atf.image" -}}
{{- $registry := .root.Values.image.registry }}
{{- $name := ternary .image.repository (printf "%s/%s" $registry .image.repository) (empty $registry) }}
{{- if .image.digest }}{{ printf "%s@%s" $name .image.digest }}
{{- else }}{{ printf "%s:%s" $name (.image.tag | default .root.Values.image.tag | default .root.Chart.AppVersion) }}{{ end }}
{{- end }}

{{- define "atf.redisSecret" -}}
{{ .Values.redis.existingSecret | default (printf "%s-redis" (include "atf.fullname" .)) }}
{{- end }}

{{/* Where the accepted keys are: given, of the values, or made by the hook. */}}
{{- define "atf.apiKeySecret" -}}
{{- if .Values.api.auth.existingSecret }}{{ .Values.api.auth.existingSecret }}
{{- else if .Values.api.auth.keys }}{{ include "atf.fullname" . }}-api-keys
{{- else }}{{ include "atf.fullname" . }}-api-key{{ end }}
{{- end }}

{{/* Which Secrets the pre-install hook makes: {redis: name, apiKey: name}, blank where it is given. */}}
{{- define "atf.madeSecrets" -}}
{{- $redis := and .Values.redis.embedded.enabled (not .Values.redis.existingSecret) }}
{{- $key := not (or .Values.api.auth.existingSecret .Values.api.auth.keys) }}
redis: {{ ternary (include "atf.redisSecret" .) "" $redis | quote }}
apiKey: {{ ternary (include "atf.apiKeySecret" .) "" $key | quote }}
{{- end }}

{{- define "atf.openrouterSecret" -}}
{{ .Values.openrouter.existingSecret | default (printf "%s-openrouter" (include "atf.fullname" .)) }}
{{- end }}

{{- define "atf.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "atf.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "atf.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where a pod runs: {part: .Values.api, root}. */}}
{{- define "atf.placement" -}}
{{- with .part.nodeSelector }}
nodeSelector:
{{ toYaml . | indent 2 }}
{{- end }}
{{- with .part.tolerations }}
tolerations:
{{ toYaml . | indent 2 }}
{{- end }}
{{- with .part.affinity }}
affinity:
{{ toYaml . | indent 2 }}
{{- end }}
{{- with .part.topologySpreadConstraints }}
topologySpreadConstraints:
{{ toYaml . | indent 2 }}
{{- end }}
{{- with .part.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{- define "atf.redisUrl" -}}
- name: ATF_REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "atf.redisSecret" . }}
      key: url
{{- with .Values.blobs.existingSecret }}
- name: ATF_BLOB_URL
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: url
{{- end }}
{{- end }}

{{/* Credentials of the blob store, under the names that the AWS tools give them. */}}
{{- define "atf.blobCredentials" -}}
{{- with .Values.blobs.existingSecret }}
- secretRef:
    name: {{ . }}
{{- end }}
{{- end }}

{{/* A hook's Job: {root, name, hook, args, deadline in seconds, manifests: name of a ConfigMap}. */}}
{{- define "atf.hookJob" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "atf.fullname" .root }}-{{ .name }}
  labels:
    {{- include "atf.labels" (dict "component" "hook" "root" .root) | nindent 4 }}
  annotations:
    helm.sh/hook: {{ .hook }}
    helm.sh/hook-weight: "0"
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  backoffLimit: 3
  activeDeadlineSeconds: {{ .deadline | default 300 }}
  podFailurePolicy:
    rules:
      # Exit code 2: refused, and so it will be however often it is tried.
      - action: FailJob
        onExitCodes: {containerName: release, operator: In, values: [2]}
  template:
    metadata:
      labels:
        {{- include "atf.selector" (dict "component" "hook" "root" .root) | nindent 8 }}
    spec:
      serviceAccountName: {{ include "atf.fullname" .root }}-{{ .name }}
      restartPolicy: Never
      enableServiceLinks: false
      {{- include "atf.pullSecrets" .root | nindent 6 }}
      securityContext:
        {{- include "atf.podSecurity" .root | nindent 8 }}
      containers:
        - name: release
          image: {{ include "atf.image" (dict "image" .root.Values.operator.image "root" .root) }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          command: [python, -m, asynctaskflow_operator.release]
          args:
            {{- toYaml .args | nindent 12 }}
          # What the API server said stands in the pod's status, also where logs cannot be read.
          terminationMessagePolicy: FallbackToLogsOnError
          env:
            - name: ATF_OPERATOR_NAMESPACE
              valueFrom:
                fieldRef:
                  fieldPath: metadata.namespace
          resources:
            {{- toYaml .root.Values.hooks.resources | nindent 12 }}
          securityContext:
            {{- include "atf.containerSecurity" .root | nindent 12 }}
          {{- with .manifests }}
          volumeMounts:
            - name: manifests
              mountPath: /manifests
              readOnly: true
          {{- end }}
      {{- with .manifests }}
      volumes:
        - name: manifests
          configMap:
            name: {{ . }}
      {{- end }}
{{- end }}

{{/* What a hook's Job may do: {root, name, hook, rules}. */}}
{{- define "atf.hookAccount" -}}
{{- $name := printf "%s-%s" (include "atf.fullname" .root) .name }}
{{- $annotations := dict "helm.sh/hook" .hook "helm.sh/hook-weight" "-5" "helm.sh/hook-delete-policy" "before-hook-creation,hook-succeeded" }}
{{- $labels := include "atf.labels" (dict "component" "hook" "root" .root) | fromYaml }}
{{- $metadata := dict "name" $name "labels" $labels "annotations" $annotations }}
{{ dict "apiVersion" "v1" "kind" "ServiceAccount" "metadata" $metadata | toYaml }}
---
{{ dict "apiVersion" "rbac.authorization.k8s.io/v1" "kind" "Role" "metadata" $metadata "rules" .rules | toYaml }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  {{- toYaml $metadata | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ $name }}
subjects:
  - kind: ServiceAccount
    name: {{ $name }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}
