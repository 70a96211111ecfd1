import { expect, test } from "vitest";
import { besideSuccess } from "../../src/findings/call-comparison.ts";
import { spansOf } from "../../src/findings/call-spans.ts";
import { at, claims, gatewayRequest, operation } from "../builders.ts";
import { evidenceOf } from "../exports/evidence-rows.ts";

test("what differs is told with both sides; minutes of a token's life do not differ, its end does", () => {
  const here = evidenceOf(gatewayRequest({ status: 401, claims: claims({ state: "unverified", expires: at(-63) }) }));
  const there = evidenceOf(gatewayRequest({ claims: claims({ expires: at(900) }) }), [operation()]);
  expect(besideSuccess(here, there).compared.differ).toEqual([
    { column: "token_state", here: "unverified", there: "validated" },
    { column: "account", here: null, there: "shop" },
    { column: "database", here: null, there: "shop" },
    { column: "container", here: null, there: "orders" },
    { column: "cosmos_operation", here: null, there: "Read" },
    { column: "credential", here: null, there: "AadToken" },
    { column: "cosmos_principal", here: null, there: "33333333-3333-4333-8333-333333333333" },
    { column: "token_age", here: "expired 63 s before", there: "not expired" },
  ]);
  const later = evidenceOf(gatewayRequest({ claims: claims({ expires: at(5_000) }) }), [operation()]);
  expect(besideSuccess(later, there).compared.differ).toEqual([]);
});

test("the parts of a call in time: the backend's ends with the call, each operation has its own clock", () => {
  const call = evidenceOf(gatewayRequest({ totalMs: 20, backendId: "orders-a", backendStatus: 200, backendMs: 14 }), [
    operation({ time: at(-0.002), durationMs: 3 }),
    operation({ time: at(0.01), status: 403 }),
  ]);
  expect(spansOf(call)).toEqual([
    { where: "gateway", what: "apim-test", begins: 0, lasts: 20, status: 200, refused: false },
    { where: "backend", what: "orders-a", begins: 6, lasts: 14, status: 200, refused: false },
    { where: "cosmos", what: "Read shop/orders", begins: -2, lasts: 3, status: 200, refused: false },
    { where: "cosmos", what: "Read shop/orders", begins: 10, lasts: null, status: 403, refused: true },
  ]);
});
