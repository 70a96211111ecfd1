import type { BlindSpot, Finding } from "../model/finding.ts";
import { TELLING_LOGS } from "./telling-logs.ts";

interface Log {
  readonly id: string;
  readonly name: string;
  /** Categories under which its records are counted. */
  readonly categories: readonly string[];
  readonly fix: string;
}

const LOGS: Readonly<Record<keyof typeof TELLING_LOGS, Log>> = {
  dataPlane: {
    id: "no-data-plane",
    name: "Cosmos DB's DataPlaneRequests",
    categories: ["DataPlaneRequests"],
    fix: "Send the Cosmos DB account's DataPlaneRequests here (its diagnostic setting).",
  },
  changes: {
    id: "no-control-plane",
    name: "a log of changes (ControlPlaneRequests, Administrative)",
    categories: ["ControlPlaneRequests", "Administrative"],
    fix: "Send the account's ControlPlaneRequests and the subscription's Activity log (Administrative) here.",
  },
  vault: {
    id: "no-key-vault",
    name: "Key Vault's AuditEvent",
    categories: ["AuditEvent"],
    fix: "Send AuditEvent of the vaults that the gateway reads here (their diagnostic settings).",
  },
  signIns: {
    id: "no-sign-ins",
    name: "a log of sign-ins",
    categories: ["ServicePrincipalSignInLogs", "ManagedIdentitySignInLogs"],
    fix: "Send Entra's ServicePrincipalSignInLogs and ManagedIdentitySignInLogs here.",
  },
};

/** Confident enough that no other log would change it. */
const SURE = 0.96;

/** For refusals whose cause is not sure: logs of which no record was read, and the causes that only they tell. */
export function missingLogs(
  findings: readonly Finding[],
  byCategory: { readonly get: (name: string) => number | undefined },
): readonly BlindSpot[] {
  const unsure = findings.filter(({ kind, cause }) => kind === "intermittent-refusal" && cause.confidence < SURE);
  if (unsure.length === 0) return [];
  return (["dataPlane", "changes", "vault", "signIns"] as const).flatMap((key) => {
    const { id, name, categories, fix } = LOGS[key];
    const causes = TELLING_LOGS[key];
    if (causes.length === 0 || categories.some((category) => (byCategory.get(category) ?? 0) > 0)) return [];
    const says = `No record of ${name} was read, which ${unsure.length === 1 ? "1 finding" : `${unsure.length} findings`} may need: it tells ${causes.join(", ")}.`;
    return [{ id, scope: "input", says, fix }];
  });
}
