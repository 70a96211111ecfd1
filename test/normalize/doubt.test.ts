import { describe, expect, test } from "vitest";
import { accept } from "../../src/accept.ts";
import { createAnalysis } from "../../src/analysis.ts";
import { decodeBody } from "../../src/decode/decode-body.ts";
import { Scanner } from "../../src/decode/scan/scanner.ts";
import { STATUS, WORDS } from "../../src/model/event-table.ts";
import type { Reject } from "../../src/model/record.ts";

const ID = "11111111-1111-1111-1111-111111111111";
const body = (inner: string): string =>
  `{"records":[{"time":"2026-11-25T12:00:00.0000000Z","category":"GatewayLogs","correlationId":"${ID}","properties":{${inner}"apiId":"orders"}}]}`;

/** Statuses that were read, and what was told. */
function read(text: string, scanner?: Scanner) {
  const decoded = decodeBody(Buffer.from(text), { source: "s", partition: "0", sequence: 1 }, { scanner });
  const rejects: Reject[] = [];
  const analysis = createAnalysis({ lateness: 0, seed: 1 });
  const batch = { partition: "0", checkpoint: "1", bytes: text.length, caughtUp: true, ...decoded };
  const { events, tally } = accept(analysis, batch, { onReject: (reject) => rejects.push(reject) });
  const statuses = Array.from({ length: events.count }, (_, i) => events.words[WORDS * i + STATUS]);
  const { records, accepted, rejected } = tally;
  return { statuses, told: rejects.map(({ stage, reason }) => `${stage} ${reason}`), records, accepted, rejected };
}

describe.each([
  { name: "parsed", scanner: () => undefined },
  { name: "scanned", scanner: () => new Scanner(1) },
])("a record that is $name", ({ scanner }) => {
  test.each([
    ["its status", body('"responseCode":401,"responseCode":200,')],
    ["its status in another spelling of JSON", body(String.raw`"responseCode":401,"respons\u0065Code":200,`)],
    [
      "its properties",
      body('"responseCode":401,')
        .replace('"properties"', '"properties":{"responseCode":401},"properties"')
        .replace('401,"apiId"', '200,"apiId"'),
    ],
  ])("with %s twice is read as it says first, and what it says last is told of", (_, text) => {
    expect(read(text, scanner())).toEqual({
      statuses: [401],
      told: ["normalize repeated-key"],
      records: 2,
      accepted: 1,
      rejected: 1,
    });
  });

  test.each([
    ["the same value", body('"responseCode":401,"responseCode":401,')],
    ["what nobody reads", body('"responseCode":401,"x":1,"x":{"responseCode":200},')],
    ["nothing", body('"responseCode":401,')],
  ])("with %s twice is in no doubt", (_, text) => {
    expect(read(text, scanner())).toEqual({ statuses: [401], told: [], records: 1, accepted: 1, rejected: 0 });
  });
});
