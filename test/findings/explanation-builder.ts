import type { Explanation } from "../../src/explain/rise.ts";
import type { DimensionValues } from "../../src/model/call.ts";
import { at } from "../builders.ts";
import { finding } from "../finding-builder.ts";

export interface Facts {
  readonly symptom?: string;
  readonly layer?: Explanation["layer"];
  readonly cause?: Explanation["ranked"]["cause"]["id"];
  readonly confidence?: number;
  readonly names?: Explanation["ranked"]["names"];
  /** Causes that fit besides. */
  readonly fitting?: Explanation["ranked"]["fitting"];
  readonly where?: DimensionValues;
  readonly common?: DimensionValues;
  readonly refused?: number;
  readonly calls?: readonly string[];
  readonly span?: readonly [from: number, to: number];
  readonly seenBy?: Explanation["seenBy"];
  readonly told?: string;
  readonly refusedAt?: readonly number[];
  readonly status?: "401" | "403";
}

function splitBy(where: DimensionValues): Explanation["splits"][number] {
  const [split] = finding().splits;
  if (split === undefined) throw new Error("the sample finding has a split");
  return { ...split, where };
}

export function explanation(facts: Facts = {}): Explanation {
  const { cause = "quota-exceeded", confidence = 0.9, where = { api: "orders" }, refused = 100 } = facts;
  const [from, to] = (facts.span ?? [0, 600]).map(at);
  const base = finding();
  const span = { from: from ?? at(0), to: to ?? at(600) };
  return {
    symptom: facts.symptom ?? "cosmos:403",
    layer: facts.layer ?? "cosmos",
    conditions: [],
    span: { ...span, stretches: [span] },
    splits: [splitBy(where)],
    ranked: {
      cause: { ...base.cause, id: cause, rejected: [], confidence },
      names: facts.names ?? [],
      alone: false,
      fitting: facts.fitting ?? [],
    },
    subject: {},
    counts: { ...base.counts, refused, status: { "401": 0, "403": 0, [facts.status ?? "401"]: refused } },
    samples: base.samples,
    common: facts.common ?? {},
    seenBy: facts.seenBy ?? "both",
    claimed: false,
    told: facts.told,
    ongoing: false,
    seenFrom: at(-3_600),
    gapMs: 1_000,
    lullMs: 5_000,
    refusedCalls: new Set(facts.calls ?? ["a", "b", "c", "d"]),
    refusedAt: Float64Array.from(facts.refusedAt ?? []),
  };
}
