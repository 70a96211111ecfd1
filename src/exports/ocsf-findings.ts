import type { Finding } from "../model/finding.ts";
import { epochMs } from "../model/time.ts";
import { eventOf, type Json } from "./ocsf.ts";

const SEVERITIES = { low: 2, medium: 3, high: 4 } as const;
/** Create 1, Update 2, Close 3. */
const ACTIVITIES = { open: 1, muted: 2, resolved: 3 } as const;
/** New 1, Suppressed 3, Resolved 4. */
const STATES = { open: 1, muted: 3, resolved: 4 } as const;
const STATISTICAL = 3;
const RULE = 1;

/** A finding as an event: IAM Analysis where it is about what a principal holds, else Detection. */
export function ocsfFinding(finding: Finding): Json {
  const { id, kind, title, severity, status, onset, end, detectedAt, counts, cause, fix, privilege, subject } = finding;
  const uid = privilege === null ? 2_004 : 2_008;
  const last = epochMs(end ?? detectedAt);
  return {
    ...eventOf(uid, ACTIVITIES[status], { time: epochMs(detectedAt), id }),
    cloud: { provider: "Azure" },
    severity_id: SEVERITIES[severity],
    status_id: STATES[status],
    message: title,
    start_time: epochMs(onset),
    end_time: last,
    count: Math.max(1, counts.refused),
    confidence_score: Math.round(100 * cause.confidence),
    finding_info: {
      uid: id,
      title,
      types: [kind],
      created_time: epochMs(detectedAt),
      first_seen_time: epochMs(onset),
      last_seen_time: last,
      related_events_count: counts.refused,
      analytic: { type_id: privilege === null ? STATISTICAL : RULE, uid: cause.id, name: kind },
      related_events: finding.samples.refused.map((call) => ({ uid: call })),
    },
    remediation: { desc: fix.says },
    resources: resourcesOf(finding),
    ...(privilege === null
      ? { evidences: cause.evidence.map(({ says, fields }) => ({ name: says, data: fields })) }
      : {
          user: { uid: subject.principal ?? subject.account ?? id, type_id: subject.principalKind === "user" ? 1 : 4 },
          permission_analysis_results: permissions(privilege),
        }),
    unmapped: { layer: finding.layer, subject, splits: finding.splits },
  };
}

function resourcesOf({ subject }: Finding): readonly Json[] {
  const found = (["api", "account", "container"] as const).flatMap((type) =>
    subject[type] === undefined ? [] : [{ uid: subject[type], type }],
  );
  return found.length === 0 ? [{ uid: "not named", type: "none" }] : found;
}

function permissions({ granted, unused }: NonNullable<Finding["privilege"]>): readonly Json[] {
  if (granted.length === 0) return [{ analyzed_privileges_count: 0, unused_privileges_count: 0 }];
  return granted.map(({ assignment, role, scope, actions }) => ({
    policy: { uid: assignment, name: role, desc: scope },
    granted_privileges: actions,
    analyzed_privileges_count: actions.length,
    unused_privileges_count: unused.filter(({ action }) => actions.includes(action)).length,
  }));
}
