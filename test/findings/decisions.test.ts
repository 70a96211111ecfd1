import { describe, expect, test } from "vitest";
import { planAlerts } from "../../src/commands/send-alerts.ts";
import {
  aboutOf,
  createDecisions,
  decide,
  type Decision,
  decisionsAbout,
  KEPT_DECISIONS,
  type MuteScope,
  underDecisions,
} from "../../src/findings/decisions.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { EpochMs } from "../../src/model/time.ts";
import type { Sink } from "../../src/sinks/sink.ts";
import { at } from "../builders.ts";
import { finding } from "../finding-builder.ts";

const NOW = 1_795_608_000_000 as EpochMs;
const later = (ms: number) => (NOW + ms) as EpochMs;

const made = (over: Partial<Decision> = {}): Decision => ({
  at: NOW,
  by: "maria",
  kind: "mute",
  finding: "F-7Q2KABCDEF",
  scope: "finding",
  about: "F-7Q2KABCDEF",
  reason: "planned rotation",
  until: null,
  ...over,
});

const named = (principal: string, over: Partial<Finding> = {}) => finding({ subject: { principal }, ...over });

const cases: { name: string; decisions: Decision[]; of: Finding; when?: number; muted: boolean }[] = [
  { name: "nothing was decided", decisions: [], of: finding(), muted: false },
  { name: "the finding is muted", decisions: [made()], of: finding(), muted: true },
  { name: "another finding is muted", decisions: [made()], of: finding({ id: "F-OTHER00000" }), muted: false },
  { name: "a mute has not ended", decisions: [made({ until: later(1_000) })], of: finding(), when: 999, muted: true },
  { name: "a mute has ended", decisions: [made({ until: later(1_000) })], of: finding(), when: 1_000, muted: false },
  { name: "a mute was ended", decisions: [made(), made({ kind: "unmute" })], of: finding(), muted: false },
  { name: "a mute was made again", decisions: [made(), made({ kind: "unmute" }), made()], of: finding(), muted: true },
  { name: "it is acknowledged only", decisions: [made({ kind: "acknowledge" })], of: finding(), muted: false },
  {
    name: "its principal is muted",
    decisions: [made({ scope: "principal", about: "p-1" })],
    of: named("p-1", { id: "F-OTHER00000" }),
    muted: true,
  },
  {
    name: "another principal is muted",
    decisions: [made({ scope: "principal", about: "p-1" })],
    of: named("p-2"),
    muted: false,
  },
  {
    name: "its cause is muted",
    decisions: [made({ scope: "cause", about: "backend-grants-differ" })],
    of: finding({ id: "F-OTHER00000" }),
    muted: true,
  },
  {
    name: "a finding is called as a muted cause",
    decisions: [made({ scope: "cause", about: "F-7Q2KABCDEF" })],
    of: finding(),
    muted: false,
  },
  { name: "it has ended", decisions: [made()], of: finding({ status: "resolved", end: at(60) }), muted: false },
];
test.each(cases)("$name: muted $muted", ({ decisions: all, of, when = 0, muted }) => {
  const decisions = createDecisions();
  for (const one of all) decide(decisions, one);
  expect(underDecisions(decisions, of, later(when)).status === "muted").toBe(muted);
});

test("what is decided about a finding is its own and its cause's, newest first", () => {
  const decisions = createDecisions();
  const [first, other, third] = [
    made({ kind: "acknowledge" }),
    made({ finding: "F-X", about: "F-X" }),
    made({ scope: "cause", about: "backend-grants-differ", finding: "F-X" }),
  ];
  for (const one of [first, other, third]) decide(decisions, one);
  expect(decisionsAbout(decisions, finding())).toEqual([third, first]);
});

test.each<[MuteScope, string | undefined]>([
  ["finding", "F-7Q2KABCDEF"],
  ["cause", "backend-grants-differ"],
  ["principal", undefined],
])("a mute of the %s is about %s", (scope, about) => {
  expect(aboutOf(finding(), scope)).toBe(about);
});

test("decisions are bounded, and the newest stay", () => {
  const decisions = createDecisions();
  for (let i = 0; i < KEPT_DECISIONS + 10; i++) decide(decisions, made({ about: `F-${i}`, finding: `F-${i}` }));
  expect(decisions.log).toHaveLength(KEPT_DECISIONS);
  expect(decisions.mutes.size).toBe(KEPT_DECISIONS);
  expect(decisions.log.at(-1)?.about).toBe(`F-${KEPT_DECISIONS + 9}`);
});

describe("alerts", () => {
  const sink: Sink = {
    name: "s",
    render: () => "body",
    send: () => Promise.resolve({ kind: "delivered", status: 200 }),
  };
  test("nobody is told of a muted finding, and everybody of one that is not", () => {
    const decisions = createDecisions();
    expect(planAlerts([sink], undefined, underDecisions(decisions, finding(), NOW))).toHaveLength(1);
    decide(decisions, made());
    expect(planAlerts([sink], undefined, underDecisions(decisions, finding(), NOW))).toEqual([]);
  });
});
