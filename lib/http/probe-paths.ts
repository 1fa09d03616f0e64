/** Requested by balancers and Prometheus, which address a node directly and do not know `BASE_PATH`. */
export const PROBE_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);
