import { expect, test } from "vitest";
import { type Silence, underSilences } from "../../src/findings/silences.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { EpochMs } from "../../src/model/time.ts";
import { at } from "../builders.ts";
import { finding } from "../finding-builder.ts";

const ms = (value: number) => value as EpochMs;
const silence = (over: Partial<Silence>): Silence => ({ matchers: { api: "orders" }, comment: "known", ...over });

const cases: { name: string; silences: Silence[]; of?: Finding; muted: boolean }[] = [
  { name: "there is none", silences: [], muted: false },
  { name: "its API is silenced", silences: [silence({})], muted: true },
  { name: "another API is silenced", silences: [silence({ matchers: { api: "stock" } })], muted: false },
  { name: "all matchers are met", silences: [silence({ matchers: { api: "orders", severity: "high" } })], muted: true },
  {
    name: "one matcher of two is met",
    silences: [silence({ matchers: { api: "orders", severity: "low" } })],
    muted: false,
  },
  { name: "the second silence is met", silences: [silence({ matchers: { api: "x" } }), silence({})], muted: true },
  { name: "it names no principal", silences: [silence({ matchers: { principal: "p" } })], muted: false },
  { name: "a silence begins now", silences: [silence({ startsAt: ms(1_000) })], muted: true },
  { name: "a silence has not begun", silences: [silence({ startsAt: ms(1_001) })], muted: false },
  { name: "a silence ends now", silences: [silence({ endsAt: ms(1_000) })], muted: false },
  { name: "a silence has not ended", silences: [silence({ endsAt: ms(1_001) })], muted: true },
  { name: "it has ended", silences: [silence({})], of: finding({ status: "resolved", end: at(9) }), muted: false },
];
test.each(cases)("$name: muted $muted", ({ silences, of = finding(), muted }) => {
  expect(underSilences(silences, of, ms(1_000)).status === "muted").toBe(muted);
});
