import { describe, expect, test } from "vitest";
import { renderCall } from "../../src/commands/call-text.ts";
import { callStory } from "../../src/findings/call-story.ts";
import type { DataPlaneOperation, GatewayRequest } from "../../src/model/event.ts";
import { at, claims, gatewayError, gatewayRequest, operation } from "../builders.ts";
import { evidenceOf } from "../exports/evidence-rows.ts";

const verdicts: {
  name: string;
  gateway?: Partial<GatewayRequest>;
  operations?: Partial<DataPlaneOperation>[];
  says: string;
}[] = [
  {
    name: "a call that succeeded",
    gateway: { status: 200, totalMs: 12.5 },
    operations: [{}],
    says: "Succeeded with 200 in 12.5 ms; 1 operation in Cosmos DB, the first Read on shop/shop/orders.",
  },
  {
    name: "a token that had expired",
    gateway: {
      status: 401,
      error: gatewayError("TokenExpired"),
      claims: claims({ state: "unverified", expires: at(-63) }),
    },
    says: "Refused at the gateway with 401: validate-jwt said TokenExpired; its token had expired 63 s before.",
  },
  {
    name: "a refusal without a reason",
    gateway: { status: 403 },
    says: "Refused at the gateway with 403: the log gives no reason.",
  },
  {
    name: "a refusal by Cosmos DB that the caller saw as another status",
    gateway: { status: 500, backendStatus: 500, subStatus: 5302 },
    operations: [{ status: 403, operation: "Upsert" }],
    says: "Refused by Cosmos DB with 403: 33333333-3333-4333-8333-333333333333 asked for Upsert on shop/shop/orders, which no role of its allows (sub-status 5302). The caller got 500.",
  },
  {
    name: "an operation of which no gateway knows",
    operations: [{ status: 403, operation: "Read" }],
    says: "Refused by Cosmos DB with 403: 33333333-3333-4333-8333-333333333333 asked for Read on shop/shop/orders.",
  },
  {
    name: "a full partition",
    gateway: { status: 403, backendStatus: 403, subStatus: 1014 },
    operations: [{ status: 403 }],
    says: "Cosmos DB answered 403 for a reason that is not authorization: a limit was reached.",
  },
  {
    name: "a missing item",
    gateway: { status: 404, backendStatus: 404 },
    operations: [{ status: 404 }],
    says: "Ended with 404: nothing about authorization; 1 operation in Cosmos DB, the first Read on shop/shop/orders.",
  },
];

test.each(verdicts)("the verdict on $name", ({ gateway, operations = [], says }) => {
  const evidence = evidenceOf(
    gateway === undefined ? undefined : gatewayRequest(gateway),
    operations.map((over) => operation(over)),
  );
  expect(callStory(evidence).verdict).toBe(says);
});

describe("a story", () => {
  const story = callStory(
    evidenceOf(
      gatewayRequest({
        correlationId: "11111111-0000-4000-8000-000000000001",
        time: at(0),
        status: 403,
        totalMs: 40,
        backendStatus: 403,
        backendMs: 30,
        backendId: "orders-be",
        claims: claims(),
        backendActivityId: "22222222-0000-4000-8000-000000000001",
      }),
      [
        operation({
          activityId: "22222222-0000-4000-8000-000000000001",
          time: at(0.01),
          status: 403,
          durationMs: 1.5,
          requestCharge: 2,
        }),
      ],
    ),
  );

  test("goes from the gateway through Cosmos DB and back, in the order of time", () => {
    expect(story.steps.map(({ at: time, where, says }) => [(time - story.time) / 10_000, where, says])).toEqual([
      [0, "gateway", "GET orders get-order from 203.0.113.7"],
      [10, "cosmos", "Read shop/shop/orders: 403, 1.5 ms, 2 RU"],
      [40, "backend", "orders-be answered 403, 30 ms"],
      [40, "gateway", "answered 403"],
    ]);
  });

  test("names who vouches for whom, and never a claim as a fact", () => {
    expect(story.identity).toEqual([
      {
        who: "caller",
        says: "application 11111111-1111-4111-8111-111111111111, object 22222222-2222-4222-8222-222222222222 (validated)",
      },
      { who: "gateway", says: "apim-test in West Europe" },
      { who: "backend", says: "orders-be" },
      { who: "cosmos", says: "33333333-3333-4333-8333-333333333333 by AadToken" },
    ]);
    const claimed = callStory(evidenceOf(gatewayRequest({ status: 401, claims: claims({ state: "unverified" }) })));
    expect(claimed.identity[0]?.says).toMatch(/^claimed application .* \(only claimed: text that anybody could have/);
  });

  test("is found by every id, and says what was not logged", () => {
    expect(story.ids).toEqual(["11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000001"]);
    expect(story.missing).toEqual([
      "Cosmos DB's sub-status was not logged: log the backend response header x-ms-substatus.",
    ]);
  });
});

test("a log cannot forge a terminal", () => {
  const hostile = "\u001b]8;;https://evil.example\u0007x\u001b[2J\n\u202egpj";
  const story = callStory(
    evidenceOf(
      gatewayRequest({ correlationId: hostile, status: 401, api: hostile, error: gatewayError(hostile, hostile) }),
      [operation({ activityId: hostile, operation: hostile, container: hostile })],
    ),
  );
  const success = { story, compared: { differ: [{ column: "backend", here: hostile, there: hostile }], alike: [] } };
  const text = renderCall({ story, findings: [], success }, { colour: false, columns: undefined });
  // oxlint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
  expect(text.split("\n").filter((line) => line.includes("gpj") && line.startsWith("gpj"))).toEqual([]);
});

test("on a narrow terminal a call is told in its columns, no word lost", () => {
  const story = callStory(
    evidenceOf(
      gatewayRequest({ status: 401, totalMs: 12, claims: claims({ state: "unverified" }), api: "a long name of it" }),
      [operation()],
    ),
  );
  const success = { story, compared: { differ: [{ column: "a", here: null, there: "b" }], alike: [] } };
  const told = { story, findings: [], success };
  const [wide, narrow] = [undefined, 44].map((columns) => renderCall(told, { colour: false, columns }));
  const words = (text = ""): readonly string[] => text.split(/\s+/).filter((word) => word !== "");
  expect(words(narrow)).toEqual(words(wide));
  const long = (narrow ?? "").split("\n").filter((line) => line.length > 44);
  expect(
    long.filter((line) => line.trim().split(" ").length > 2 && !/\d{4}-\d\d-\d\dT|[\da-f]{8}-/.test(line)),
  ).toEqual([]);
  expect(narrow).toMatch(/gateway {2}GET a long name of\n {25}it/);
});

describe("an inferred match is told with its probability, and never as certain", () => {
  const inferred = (status: 200 | 403) =>
    callStory(
      evidenceOf(
        gatewayRequest({ status, backendStatus: status, totalMs: 40, backendMs: 30, claims: claims() }),
        [operation({ time: at(0.01), status, durationMs: 25 })],
        { probability: 0.9999, candidates: 3 },
      ),
    );
  const story = inferred(200);

  test("in the verdict", () => {
    expect(story.verdict).toBe(
      "Succeeded with 200 in 40 ms; with a probability of 0.99 1 operation in Cosmos DB, the first Read on shop/shop/orders.",
    );
    expect(inferred(403).verdict).toBe(
      "Refused by Cosmos DB with 403: with a probability of 0.99 this was its record: a caller asked for Read on shop/shop/orders.",
    );
  });

  test("in the steps and in the chain of identities", () => {
    expect(story.steps.filter(({ where }) => where === "cosmos").map(({ says }) => says)).toEqual([
      "Read shop/shop/orders: 200, 25 ms, inferred",
    ]);
    expect(story.identity.filter(({ who }) => who === "cosmos").map(({ says }) => says)).toEqual([
      "33333333-3333-4333-8333-333333333333 by AadToken (inferred, not certain)",
    ]);
  });

  test("with the number of candidates and the way out, for a person and for the API", () => {
    expect(story.missing[0]).toMatch(
      /No id joins this call .* probability of 0\.99, of 3 that could be\. Set x-ms-activity-id/,
    );
    expect(story.call).toMatchObject({ match: "inferred", match_probability: 0.9999, match_candidates: 3 });
    expect(renderCall({ story, findings: [], success: undefined }, { colour: false, columns: undefined })).toContain(
      "inferred",
    );
  });
});
