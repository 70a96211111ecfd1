import { describe, expect, test } from "vitest";
import { decodeBody } from "../../src/decode/decode-body.ts";
import { Scanner } from "../../src/decode/scan/scanner.ts";
import { createStreamDecoder } from "../../src/decode/stream-decoder.ts";

const AT = { source: "s", partition: "0" };
const record = (id: string): string => `{"category":"GatewayLogs","correlationId":"${id}"}`;

const decoders = [
  { name: "parsed", scanner: () => undefined },
  { name: "scanned", scanner: () => new Scanner(1) },
];

describe.each(decoders)("a message that is $name", ({ scanner }) => {
  const decode = (body: string) => {
    const { records, rejects } = decodeBody(Buffer.from(body), { ...AT, sequence: 1 }, { scanner: scanner() });
    return { ids: records.map(({ value }) => value["correlationId"]), reasons: rejects.map(({ reason }) => reason) };
  };

  test.each(["records", "Records"])("with `records` and `%s` tells of the list that was not read", (other) => {
    const body = `{"records":[${record("a")}],"${other}":[${record("b")},${record("c")}]}`;
    expect(decode(body)).toEqual({ ids: ["a"], reasons: ["repeated-records"] });
  });

  test("with such a key or text elsewhere is whole", () => {
    const inner = record("a").replace("}", String.raw`,"x":{"records":2},"y":"\"records\":"}`);
    expect(decode(`{"records":[${inner},${record("b")}],"x":"records"}`)).toEqual({ ids: ["a", "b"], reasons: [] });
  });
});

describe.each(decoders)("a file that is $name", ({ scanner }) => {
  const decode = (text: string, elementBytes = 1 << 20) => {
    const decoder = createStreamDecoder(AT, { limits: { elementBytes, depth: 64 }, scanner: scanner() });
    const parts = [...Buffer.from(text)].map((byte) => decoder.push(Buffer.of(byte)));
    parts.push(decoder.end());
    return {
      ids: parts.flatMap(({ records }) => records.map(({ value }) => value["correlationId"])),
      lost: parts.flatMap(({ rejects }) => rejects.map(({ reason, position }) => [reason, position.sequence])),
    };
  };

  test.each(["records", "RECORDS"])("tells of another `%s` in an envelope of one line, with the line", (other) => {
    const text = `${record("a")}\n{"records":[${record("b")}],"${other}":[${record("c")}]}\n${record("d")}\n`;
    expect(decode(text)).toEqual({ ids: ["a", "b", "d"], lost: [["repeated-records", 2]] });
  });

  test("tells of another list in an envelope of many lines, also of one that is too long to be held", () => {
    const text = `{"records":[\n${record("a")}\n],\n"x":[1],\n"records" : [${record("b")},\n${record("c")}]\n}\n${record("d")}\n`;
    const told = { ids: ["a", "d"], lost: [["repeated-records", 5]] };
    expect(decode(text)).toEqual(told);
    expect(decode(text, 80)).toEqual(told);
  });

  test("tells of a list in which no record is seen, and that is too long to be held", () => {
    const text = `{"records":[\n${record("a")}\n],\n"records":["${"x".repeat(100)}"]\n}\n${record("d")}\n`;
    expect(decode(text, 80)).toEqual({ ids: ["a", "d"], lost: [["repeated-records", 4]] });
  });
});
