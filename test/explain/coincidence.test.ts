import { expect, test } from "vitest";
import type { Change, ChangeKind } from "../../src/model/event.ts";
import { at, change, gatewayError } from "../builders.ts";
import { refusedByGateway } from "../traffic.ts";
import { soleFinding } from "./sole-finding.ts";
import { ONSET } from "./tenant.ts";

const policy = (seconds: number, kind: ChangeKind = "gateway-policy"): Change =>
  change({ time: at(seconds), change: kind, operation: "apis/policies/write" });

const said = (changes: readonly Change[]): string =>
  JSON.stringify(
    soleFinding(
      (call) =>
        call.app === 4 ? refusedByGateway(call, { error: gatewayError("TokenAudienceNotAllowed") }) : undefined,
      changes,
    )?.cause.evidence,
  );

test("a change just before the onset is told, whether or not the cause speaks of it", () => {
  expect(said([policy(ONSET - 120)])).toContain("apis/policies/write");
});

test.each<[string, Change[]]>([
  ["one of many alike that day", Array.from({ length: 40 }, (_, i) => policy(ONSET - 300 + i * -200))],
  ["long before", [policy(ONSET - 3_000)]],
  ["one that changes nothing for callers", [policy(ONSET - 120, "keys-listed")]],
])("not told: %s", (_, changes) => expect(said(changes)).not.toContain("apis/policies/write"));
