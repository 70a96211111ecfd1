import { describe, expect, test } from "vitest";
import { toFindingJson } from "../../src/findings/report-json.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { Alert } from "../../src/sinks/sink.ts";
import { slackMessage } from "../../src/sinks/slack.ts";
import { summarize } from "../../src/sinks/summary.ts";
import { teamsMessage } from "../../src/sinks/teams.ts";
import { webhookBody } from "../../src/sinks/webhook.ts";
import { at } from "../builders.ts";
import { finding } from "../finding-builder.ts";

test("a webhook's data is the finding with a version and, where the dashboard has an address, a link to it", () => {
  const dataOf = (publicUrl: string | undefined) =>
    (
      JSON.parse(webhookBody({ id: "m", kind: "finding.opened", finding: finding() }, publicUrl)) as {
        data: Record<string, unknown>;
      }
    ).data;
  expect(dataOf("https://scopetrail.example")).toEqual({
    schemaVersion: 1,
    ...toFindingJson(finding()),
    links: { finding: "https://scopetrail.example/failures/F-7Q2KABCDEF" },
  });
  expect(dataOf(undefined)).not.toHaveProperty("links");
});

describe("what a person is told", () => {
  const of = (parts: Partial<Finding>) =>
    new Map(summarize({ id: "m", kind: "finding.opened", finding: finding(parts) }).facts);
  test("the facts, in the order of the payloads", () =>
    expect([...of({}).keys()]).toEqual(["Since", "What differs", "Cause", "Do"]));
  test("who, where it is one principal", () =>
    expect(of({ subject: { principal: "svc-billing", principalKind: "service-principal" } }).get("Who")).toBe(
      "svc-billing (service-principal)",
    ));
  test("what a gateway lets in is told without a word of refusals", () => {
    const told = finding({ kind: "unvalidated-api", counts: { ...finding().counts, calls: 30, refused: 0 } });
    const { impact, facts } = summarize({ id: "m", kind: "finding.opened", finding: told });
    expect(impact).toBe("30 calls");
    expect(JSON.stringify(facts)).not.toContain("refused");
  });
  test("a claim is told as a claim", () =>
    expect(of({ subject: { principal: "svc-billing", principalKind: "claimed" } }).get("Who")).toBe(
      "somebody who claims to be svc-billing",
    ));
  test.each([
    [20, "1 min"],
    [59 * 60, "59 min"],
    [3_600, "1 h 0 min"],
    [90 * 60 + 10, "1 h 30 min"],
  ])("what ended after %i s lasted %s", (seconds, text) =>
    expect(of({ status: "resolved", end: at(seconds) }).get("Lasted")).toBe(text),
  );
  test("every fact stands in both messages", () => {
    const alert: Alert = {
      id: "m",
      kind: "finding.resolved",
      finding: finding({ end: at(3_600), subject: { principal: "svc-billing", principalKind: "service-principal" } }),
    };
    const [slack, teams] = [JSON.stringify(slackMessage(alert, undefined)), teamsMessage(alert, undefined)];
    for (const title of ["Since", "Lasted", "Who", "What differs", "Cause", "Do"]) {
      expect(slack).toContain(`*${title}*\\n`);
      expect(teams).toContain(`"title":"${title}"`);
    }
  });
});
