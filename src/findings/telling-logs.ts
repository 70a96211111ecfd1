import type { CauseId } from "../model/cause.ts";

/** Logs and the causes that each tells from their neighbours; written by `npm run minimum-logs`, as docs/minimum-logs.md is. */
export const TELLING_LOGS: Readonly<Record<"dataPlane" | "changes" | "vault" | "signIns", readonly CauseId[]>> = {
  dataPlane: [
    "read-only-key-write",
    "role-too-narrow",
    "management-op-with-entra-token",
    "key-rotated",
    "local-auth-disabled",
    "clock-skew",
    "write-to-read-region",
    "instance-dead-token",
    "cosmos-authorization-format",
    "wrong-identity",
    "group-grant-not-in-token",
    "role-bound-to-wrong-id",
    "split-dns-private-endpoint",
    "service-identity-hiccup",
  ],
  changes: [
    "firewall-blocked",
    "role-assignment-propagating-or-missing",
    "key-rotated",
    "local-auth-disabled",
    "write-to-read-region",
    "subscription-key-not-propagated",
    "cosmos-authorization-format",
    "role-bound-to-wrong-id",
    "container-recreated",
  ],
  vault: ["named-value-stale-secret", "gateway-cannot-read-key-vault"],
  signIns: ["client-secret-expired", "conditional-access-blocked"],
};
