import type { Finding } from "../src/model/finding.ts";
import { at } from "./builders.ts";

/** A believable finding. */
export const finding = (over: Partial<Finding> = {}): Finding => ({
  id: "F-7Q2KABCDEF",
  kind: "intermittent-refusal",
  severity: "high",
  status: "open",
  title: "52 % of the calls through backend orders-b are refused: this backend lacks a grant that the others have.",
  subject: { api: "orders", account: "shop", container: "orders" },
  onset: at(0),
  end: null,
  detectedAt: at(60),
  counts: { calls: 9_204, refused: 418, status: { "401": 0, "403": 418 }, usualRate: 0.0002 },
  layer: "cosmos",
  splits: [
    {
      where: { backend: "orders-b" },
      refusedInside: 0.52,
      refusedOutside: 0,
      calls: 804,
      refused: 418,
      interval: [0.48, 0.55],
      pAdjusted: 1e-40,
    },
  ],
  cause: {
    id: "backend-grants-differ",
    confidence: 0.94,
    evidence: [{ says: "The same operations succeed through orders-a", fields: { backend: "orders-b" } }],
    rejected: [{ id: "gateway-region-differs", because: "the refusals do not follow the gateway's region" }],
    missing: [],
  },
  fix: {
    says: "Give the backend's identity the same grants as its siblings have.",
    commands: ["az cosmosdb sql role assignment list"],
  },
  privilege: null,
  samples: { refused: ["3f06647e-1111-4222-8333-530eb9f15261"], succeeded: ["9a17c0de-1111-4222-8333-530eb9f111f0"] },
  ...over,
});

const NASTY = `<script>alert(1)</script> <!channel> <@U123> [click](https://evil.example) <https://evil|ok> "><img src=x onerror=alert(1)> \u202Egpj.exe \u0007 \`\`\` `;

/** A finding whose every text was written by an attacker, far longer than any target takes. */
export const hostileFinding = (): Finding => {
  const text = NASTY.repeat(80);
  const base = finding();
  return finding({
    title: text,
    subject: { api: text, operation: text, principal: text, account: text },
    splits: Array.from({ length: 200 }, () => ({
      where: { api: text.slice(0, 3_000) },
      refusedInside: 1,
      refusedOutside: 0,
      calls: 1,
      refused: 1,
      interval: [0, 1] as const,
      pAdjusted: 0,
    })),
    cause: {
      ...base.cause,
      evidence: Array.from({ length: 300 }, () => ({ says: text, fields: { x: text } })),
      rejected: Array.from({ length: 50 }, () => ({ id: "unknown" as const, because: text })),
      missing: [{ field: text, fix: text }],
    },
    fix: { says: text, commands: [text, text] },
    samples: { refused: [text], succeeded: [text] },
  });
};
