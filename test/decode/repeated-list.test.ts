import { describe, expect, test } from "vitest";
import { decodeBody } from "../../src/decode/decode-body.ts";
import { Scanner } from "../../src/decode/scan/scanner.ts";

const AT = { source: "s", partition: "0", sequence: 1 };
const record = (id: string): string => `{"category":"GatewayLogs","correlationId":"${id}"}`;

describe.each([
  { name: "parsed", scanner: () => undefined },
  { name: "scanned", scanner: () => new Scanner(1) },
])("a message that is $name", ({ scanner }) => {
  const decode = (body: string) => {
    const { records, rejects } = decodeBody(Buffer.from(body), AT, { scanner: scanner() });
    return { ids: records.map(({ value }) => value["correlationId"]), reasons: rejects.map(({ reason }) => reason) };
  };

  test.each(["records", "Records"])("with `records` and `%s` tells of the list that was not read", (other) => {
    const body = `{"records":[${record("a")}],"${other}":[${record("b")},${record("c")}]}`;
    expect(decode(body).reasons).toEqual(["repeated-records"]);
  });

  test("with such a key or text elsewhere is whole", () => {
    const inner = record("a").replace("}", String.raw`,"x":{"records":2},"y":"\"records\":"}`);
    expect(decode(`{"records":[${inner},${record("b")}],"x":"records"}`)).toEqual({ ids: ["a", "b"], reasons: [] });
  });
});
