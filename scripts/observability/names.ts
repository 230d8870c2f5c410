/** Names that dashboards, rules and their installation share. */

/** `job` of the operator's targets: the ServiceMonitor takes it from the label `app.kubernetes.io/name`, whatever a release is called. */
export const JOB = 'namespace-policy-baseline';
/** Also what the Lease is called, which is the `name` of `leader_election_master_status`. */
export const LEASE = 'namespace-policy-baseline';
/** Tag of the dashboards, by which they link to each other; folder in Grafana. */
export const TAG = 'namespace-policy-baseline';
export const FOLDER = 'Namespace policy baseline';
/** Where the runbooks are published; their files are `docs/runbooks/ALERT.md`. */
export const RUNBOOKS = 'https://netbaseline.io/docs/runbooks';
/** What `docs/monitoring.md` promises, and the alerts hold. */
export const OBJECTIVE = { coverage: 0.95, protectWithinSeconds: 5, protectedInTime: 0.99 } as const;
