{{- /* A pod of the Ray cluster; KubeRay puts in how Ray begins, and its probes. */ -}}
{{- define "orchestrator.rayPod" -}}
{{- $root := .root -}}
{{- $gpus := int (.group.gpus | default 0) -}}
metadata:
  labels: {{- include "orchestrator.labels" $root | nindent 4 }}
  {{- with $root.Values.podAnnotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "orchestrator.name" $root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $root.Values.stop.killSeconds }}
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: {{ .name }}
      image: {{ $root.Values.image.repository }}:{{ $root.Values.image.tag | default (printf "%s-%s" $root.Chart.AppVersion (ternary "gpu" "cpu" (gt $gpus 0))) }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      env:
        - {name: ORCHESTRATOR_ADMIN_KEY_FILE, value: /run/secrets/orchestrator/admin_key}
        - name: ORCHESTRATOR_STORE_URL
          valueFrom: {secretKeyRef: {name: {{ $root.Values.store.secret }}, key: {{ $root.Values.store.key }}}}
        # What `python -m orchestrator.service.node_environment /opt/orchestrator/ray` prints.
        - {name: RAY_SERVE_ENABLE_HA_PROXY, value: "1"}
        - {name: RAY_SERVE_THROUGHPUT_OPTIMIZED, value: "1"}
        - {name: RAY_SERVE_HAPROXY_BINARY_PATH, value: /opt/orchestrator/ray/haproxy}
        - {name: RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S, value: "1"}
        - {name: RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S, value: "600"}
        - {name: RAY_SERVE_PORT_QUARANTINE_S, value: "0"}
        - {name: RAY_USAGE_STATS_ENABLED, value: "0"}
        {{- range $root.Values.secretVariables }}
        - name: {{ .name }}
          valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .key }}}}
        {{- end }}
      ports:
        {{- if eq .name "ray-head" }}
        - {name: gcs-server, containerPort: 6379}
        - {name: dashboard, containerPort: 8265}
        - {name: client, containerPort: 10001}
        {{- end }}
        - {name: serve, containerPort: 8000}
        - {name: node-metrics, containerPort: 9464}
      resources:
        {{- $resources := deepCopy .group.resources }}
        {{- if gt $gpus 0 }}
        {{- $_ := set $resources "limits" (set ($resources.limits | default dict) "nvidia.com/gpu" $gpus) }}
        {{- end }}
        {{- toYaml $resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: data, mountPath: /data}
        {{- if $root.Values.cluster.modelsClaim }}
        - {name: models, mountPath: /data/models}
        {{- end }}
        - {name: experts, mountPath: /etc/orchestrator/registry, readOnly: true}
        - {name: admin-key, mountPath: /run/secrets/orchestrator, readOnly: true}
        - {name: shared-memory, mountPath: /dev/shm}
        - {name: scratch, mountPath: /tmp, subPath: tmp}
        - {name: scratch, mountPath: /home/orchestrator, subPath: home}
  volumes:
    - name: data
      emptyDir: {sizeLimit: {{ .group.disk }}}
    {{- with $root.Values.cluster.modelsClaim }}
    - name: models
      persistentVolumeClaim: {claimName: {{ . }}}
    {{- end }}
    - name: experts
      configMap: {name: {{ include "orchestrator.experts" $root }}}
    - name: admin-key
      secret:
        secretName: {{ $root.Values.adminKey.secret }}
        defaultMode: 0440
        items: [{key: {{ $root.Values.adminKey.key }}, path: admin_key}]
    - name: shared-memory
      emptyDir: {medium: Memory, sizeLimit: {{ $root.Values.sharedMemory }}}
    - name: scratch
      emptyDir: {sizeLimit: {{ $root.Values.scratch }}}
  {{- with .group.nodeSelector | default $root.Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .group.tolerations | default $root.Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
