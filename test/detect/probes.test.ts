import { expect, test } from "vitest";
import { createCallRow, readCall } from "../../src/correlate/call-row.ts";
import { createProbes, noteProbe } from "../../src/detect/probes.ts";
import type { GatewayRequest } from "../../src/model/event.ts";
import { createEventTable } from "../../src/model/event-table.ts";
import { createNames } from "../../src/model/names.ts";
import { putEvent } from "../../src/normalize/event-row.ts";
import { at, gatewayRequest } from "../builders.ts";

function rowOf(over: Partial<GatewayRequest>) {
  const { api: _api, ...bare } = gatewayRequest({ status: 404 });
  const table = createEventTable(1);
  const names = createNames(1);
  const row = createCallRow();
  readCall(row, { table, names, gateway: putEvent(table, names, { ...bare, ...over }), operations: [] });
  return row;
}

const asked = (seconds: number, callerAddress = "203.0.4.1") => rowOf({ time: at(seconds), callerAddress });

test("an address asks for what no API has: since when, until when, how often", () => {
  const probes = createProbes();
  for (const seconds of [0, 60, 120]) noteProbe(probes, asked(seconds));
  expect(probes.asked.get("203.0.4.1")).toEqual({ from: at(0), to: at(120), count: 3 });
  noteProbe(probes, asked(1_200));
  expect(probes.asked.get("203.0.4.1")).toEqual({ from: at(1_200), to: at(1_200), count: 1 });
});

test("what an API does not have, or what it answers otherwise, is none", () => {
  const probes = createProbes();
  noteProbe(probes, rowOf({ api: "orders", time: at(0), callerAddress: "203.0.4.1" }));
  noteProbe(probes, rowOf({ status: 500, time: at(0), callerAddress: "203.0.4.1" }));
  expect(probes.asked.size).toBe(0);
});

test("of a thousand addresses and one, the one that asked longest ago is forgotten, and counted", () => {
  const probes = createProbes();
  for (let n = 0; n <= 1_000; n++) noteProbe(probes, asked(n, `203.0.${n >> 8}.${n & 255}`));
  expect(probes.asked.size).toBe(1_000);
  expect(probes.asked.has("203.0.0.0")).toBe(false);
  expect(probes.forgotten).toBe(1);
});
