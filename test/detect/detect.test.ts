import { describe, expect, test } from "vitest";
import { createCallRow, readCall } from "../../src/correlate/call-row.ts";
import { tallyOf } from "../../src/detect/cells.ts";
import { COLUMNS, COMPARED } from "../../src/detect/columns.ts";
import { createDetection, type Detection } from "../../src/detect/detection.ts";
import { detect, finish, forgetNames } from "../../src/detect/detect.ts";
import { callAt, type Rows, valueAt } from "../../src/detect/rows.ts";
import type { DataPlaneOperation, GatewayRequest } from "../../src/model/event.ts";
import { createEventTable } from "../../src/model/event-table.ts";
import { createNames, type Names } from "../../src/model/names.ts";
import { putEvent } from "../../src/normalize/event-row.ts";
import { at, claims, gatewayRequest, operation } from "../builders.ts";
import { random } from "../traffic.ts";
import { Plainly } from "./plainly.ts";

const row = createCallRow();

function feed(
  detection: Detection,
  names: Names,
  { gateway, operations }: { gateway: GatewayRequest | undefined; operations: readonly DataPlaneOperation[] },
): void {
  const table = createEventTable(1);
  readCall(row, {
    table,
    names,
    gateway: gateway === undefined ? -1 : putEvent(table, names, gateway),
    operations: operations.map((one) => putEvent(table, names, one)),
  });
  detect(detection, row);
}

/** Calls of few and of many values, with what logs leave out left out, in the order of time. */
function* calls(seed: number, count: number): Generator<Parameters<typeof feed>[2]> {
  const next = random(seed);
  const pick = <T>(...of: readonly [T, ...T[]]): T => of[Math.floor(next() * of.length)] ?? of[0];
  const id = (most: number): number => Math.floor(next() ** 3 * most);
  const guid = (kind: number, n: number): string =>
    `${String(kind).padStart(8, "0")}-0000-4000-8000-${String(n).padStart(12, "0")}`;
  const withGuid = (n: number): string => (next() < 0.1 ? `trace-${n}` : guid(9, n));
  let seconds = 0;
  for (let n = 0; n < count; n++) {
    seconds += next() < 0.01 ? next() * 4_000 : next() * 2;
    const time = at(seconds);
    const operations = Array.from({ length: pick(0, 1, 1, 2, 4) }, () =>
      operation({
        time,
        activityId: withGuid(n),
        operation: pick("Read", "Query", "Create"),
        container: `c${id(5)}`,
        status: pick(200, 200, 200, 404, 429),
        clientAddress: `198.51.${id(9)}.${id(200)}`,
        ...(next() < 0.5 ? { userAgent: pick("cosmos/3", "/", "java") } : {}),
        credential: pick("AadToken", "PrimaryMasterKey"),
        principal: guid(3, id(4)),
      }),
    );
    const request = gatewayRequest({ time, correlationId: withGuid(n), method: pick("GET", "PUT") });
    const { callerAddress: _, operation: __, ...bare } = request;
    const { appId: ___, ...ofNoApp } = claims({ objectId: guid(2, id(9)) });
    const token = {
      ...ofNoApp,
      state: next() < 0.7 ? ("validated" as const) : ("unverified" as const),
      ...(next() < 0.8 ? { appId: guid(1, id(12)) } : {}),
      ...(next() < 0.5 ? { scopes: pick("read", "write") } : {}),
      ...(next() < 0.7 ? { issued: at(seconds - next() * 5_000), expires: at(seconds + 3_000 - next() * 3_100) } : {}),
    };
    const gateway = {
      ...bare,
      api: `api-${id(40)}`,
      ...(next() < 0.8 ? { operation: pick("get", "put") } : {}),
      status: pick(200, 200, 200, 304, 404, 403),
      ...(next() < 0.9 ? { callerAddress: `203.0.${id(30)}.${id(250)}` } : {}),
      ...(next() < 0.8 ? { userAgent: pick("dotnet/8", "python/2", "(none)", `odd-${id(400)}`) } : {}),
      ...(next() < 0.7 ? { claims: token } : {}),
      ...(next() < 0.5 ? { subscription: `team-${id(300)}` } : {}),
      ...(next() < 0.1 ? { subStatus: pick(3, 1_002) } : {}),
    };
    yield { gateway: operations.length > 0 && next() < 0.2 ? undefined : gateway, operations };
  }
}

const rowsOf = (rows: Rows<unknown>) =>
  Array.from({ length: rows.count }, (_, place) => ({
    ids: COLUMNS.map((_column, column) => valueAt(rows, place, column)),
    unit: rows.unit[place],
    weight: rows.weight[place],
    status: rows.status[place],
    call: callAt(rows, place),
  }));

const cellsOf = ({ dictionaries, cells }: Detection) =>
  dictionaries.map((dictionary, column) =>
    COMPARED[column] === true
      ? dictionary.values.map((value, id) => [value, tallyOf(cells, dictionary.cells[id] ?? -1)])
      : [],
  );

/** What was counted; what is pending is spread when a bin ends, and the end of input ends the last one. */
const countedBy = (detection: Detection) => ({
  values: detection.dictionaries.map(({ values }) => values),
  succeeded: rowsOf(detection.succeeded),
  refused: [...detection.symptoms].map(([name, { rows }]) => [name, rowsOf(rows)]),
  never: detection.credibility.never,
  cells: cellsOf(detection),
  units: detection.unitCells.map((cell) => tallyOf(detection.cells, cell)),
});

const countedPlainly = (plainly: Plainly) => ({
  values: plainly.values.map((ids) => Array.from(ids.keys())),
  succeeded: plainly.succeeded,
  refused: [...plainly.refused],
  never: plainly.never,
  cells: plainly.cells.map((cells) => Array.from(cells)),
  units: [...plainly.unitCells.values()],
});

describe("calls are counted as one would with texts and maps, to the bit", () => {
  test.each([1, 2, 3, 4])("seed %i", (seed) => {
    const detection = createDetection();
    const plainly = new Plainly();
    const names = createNames(seed);
    for (const call of calls(seed, 4_000)) {
      feed(detection, names, call);
      plainly.count(call.gateway, call.operations);
    }
    finish(detection, at(900_000), names);
    expect(countedBy(detection)).toEqual(countedPlainly(plainly));
  });

  test("names that are given other ids now and then, and a clone that goes on", () => {
    let detection = createDetection();
    const plainly = new Plainly();
    let names = createNames(7);
    let n = 0;
    for (const call of calls(5, 4_000)) {
      if (n % 700 === 350) {
        names = createNames(7);
        for (let other = 0; other < n % 13; other++)
          putEvent(createEventTable(1), names, operation({ account: `a${other}` }));
        forgetNames(detection);
      }
      if (n % 900 === 450) detection = structuredClone(detection);
      feed(detection, names, call);
      plainly.count(call.gateway, call.operations);
      n += 1;
    }
    finish(detection, at(900_000), names);
    expect(countedBy(detection)).toEqual(countedPlainly(plainly));
  });
});
