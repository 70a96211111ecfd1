import { expect, test } from "vitest";
import { missingLogs } from "../../src/findings/missing-logs.ts";
import type { Finding } from "../../src/model/finding.ts";
import { finding } from "../finding-builder.ts";

const withConfidence = (confidence: number): Finding => {
  const base = finding();
  return { ...base, cause: { ...base.cause, confidence } };
};
const ALL = ["GatewayLogs", "DataPlaneRequests", "Administrative", "AuditEvent", "ManagedIdentitySignInLogs"];
const read = (...names: readonly string[]): ReadonlyMap<string, number> => new Map(names.map((name) => [name, 7]));

test.each<[string, Finding[], ReadonlyMap<string, number>, string[]]>([
  ["nothing to find out", [], read("GatewayLogs"), []],
  ["a sure cause needs no other log", [withConfidence(0.97)], read("GatewayLogs"), []],
  ["all logs are there", [withConfidence(0.5)], read(...ALL), []],
  [
    "only the gateway's",
    [withConfidence(0.5)],
    read("GatewayLogs"),
    ["no-data-plane", "no-control-plane", "no-key-vault", "no-sign-ins"],
  ],
  [
    "one log of changes is enough",
    [withConfidence(0.5)],
    read(...ALL.filter((name) => name !== "AuditEvent")),
    ["no-key-vault"],
  ],
  ["privileges are found without them", [{ ...withConfidence(0.5), kind: "source-gap" }], read("GatewayLogs"), []],
])("%s", (_, findings, byCategory, ids) => {
  expect(missingLogs(findings, byCategory).map(({ id }) => id)).toEqual(ids);
});

test("names the causes that the log would tell", () => {
  const [vault] = missingLogs([withConfidence(0.5)], read(...ALL.filter((name) => name !== "AuditEvent")));
  expect(vault?.says).toContain("named-value-stale-secret");
});
