import { besideSuccess } from "../../src/findings/call-comparison.ts";
import { spansOf } from "../../src/findings/call-spans.ts";
import { callStory } from "../../src/findings/call-story.ts";
import type { CallEvidence } from "../../src/model/evidence.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { KeptCall } from "../../src/server/view.ts";
import { at, claims, gatewayError, gatewayRequest, operation } from "../builders.ts";
import { evidenceOf } from "../exports/evidence-rows.ts";
import { HOSTILE_TEXTS } from "../hostile-texts.ts";

const SUCCEEDED = "9a17c0de-1111-4222-8333-530eb9f111f0";
const REFUSED = "3f06647e-1111-4222-8333-530eb9f15261";

const succeeded = (): CallEvidence =>
  evidenceOf(
    gatewayRequest({
      correlationId: SUCCEEDED,
      time: at(-70),
      status: 200,
      totalMs: 18.5,
      backendId: "orders-a",
      backendStatus: 200,
      backendMs: 14,
      claims: claims({ expires: at(3_000) }),
    }),
    [operation({ activityId: SUCCEEDED, time: at(-69.99), durationMs: 3.2, requestCharge: 1 })],
  );

/** Refused by Cosmos DB on the second operation. */
const refused = (id: string): CallEvidence =>
  evidenceOf(
    gatewayRequest({
      correlationId: id,
      time: at(5),
      status: 403,
      totalMs: 21.25,
      backendId: "orders-b",
      backendStatus: 403,
      backendMs: 17,
      subStatus: 5302,
      claims: claims({ expires: at(3_000) }),
    }),
    [
      operation({ activityId: id, time: at(5.006), durationMs: 3.2, requestCharge: 1 }),
      operation({ activityId: id, time: at(5.012), durationMs: 2.5, status: 403, operation: "Upsert" }),
    ],
  );

/** Every text of it was written by an attacker, another one in each place. */
function hostile(id: string): CallEvidence {
  const text = (i: number): string => HOSTILE_TEXTS[i % HOSTILE_TEXTS.length]?.[1] ?? "";
  return evidenceOf(
    gatewayRequest({
      correlationId: id,
      time: at(5),
      status: 401,
      totalMs: 1,
      service: text(0),
      api: text(1),
      operation: text(2),
      method: text(3),
      region: text(4),
      backendId: text(5),
      backendStatus: 401,
      callerAddress: text(6),
      userAgent: text(7),
      url: text(8),
      subscription: text(9),
      error: gatewayError(text(10), text(11)),
      claims: claims({ state: "unverified", appId: text(12), objectId: text(13), issuer: text(14), scopes: text(15) }),
    }),
    HOSTILE_TEXTS.map(([, it]) =>
      operation({ activityId: id, time: at(5), operation: it, container: it, principal: it, account: it }),
    ),
  );
}

const KNOWN = new Map<string, (id: string) => readonly CallEvidence[]>([
  [SUCCEEDED, () => [succeeded()]],
  [REFUSED, (id) => [refused(id)]],
  ["known", (id) => [refused(id)]],
  ["0af7651916cd43dd8448eb211c80319c", (id) => [refused(id)]],
  ["twice", (id) => [refused(id), succeeded()]],
  ["hostile", (id) => [hostile(id)]],
]);

/** Calls of an id. */
export const sampleCalls = (id: string, findings: readonly Finding[]): readonly KeptCall[] =>
  (KNOWN.get(id)?.(id) ?? []).map((one) => ({
    story: callStory(one),
    spans: spansOf(one),
    findings: findings.slice(0, 2),
    success: () => (id === SUCCEEDED ? undefined : besideSuccess(one, succeeded())),
  }));
