import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type BombLimits, compressionOf, type Damage, decompress } from "../../src/sources/decompress.ts";

const TEXT = Buffer.from(Array.from({ length: 4_000 }, (_, i) => `{"line":${i},"x":${(i * 7919) % 1013}}\n`).join(""));

async function* slices(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function run(
  bytes: Uint8Array,
  options: { size?: number; limits?: BombLimits; canReopen?: boolean } = {},
): Promise<{ out: Buffer; damage: Damage | undefined; consumed: number }> {
  const out: Uint8Array[] = [];
  let damage: Damage | undefined;
  let consumed = 0;
  const open = (): AsyncIterable<Uint8Array> => slices(bytes, options.size ?? 100_000);
  for await (const piece of decompress({ open, canReopen: options.canReopen ?? true }, options.limits)) {
    expect(damage).toBeUndefined();
    if (piece.kind === "damage") damage = piece.damage;
    else {
      out.push(piece.bytes);
      consumed = piece.consumed;
    }
  }
  return { out: Buffer.concat(out), damage, consumed };
}

const flip = (bytes: Buffer, at: number): Buffer => {
  const broken = Buffer.from(bytes);
  broken[at] = (broken[at] ?? 0) ^ 0xff;
  return broken;
};

const gzip = gzipSync(TEXT);
const zstd = zstdCompressSync(TEXT, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });

describe("whole input", () => {
  const cases: { name: string; bytes: Buffer; expected: Buffer }[] = [
    { name: "plain bytes pass through", bytes: TEXT, expected: TEXT },
    { name: "no bytes at all", bytes: Buffer.alloc(0), expected: Buffer.alloc(0) },
    {
      name: "three bytes that begin like zstd",
      bytes: Buffer.from([0x28, 0xb5, 0x2f]),
      expected: Buffer.from([0x28, 0xb5, 0x2f]),
    },
    { name: "gzip", bytes: gzip, expected: TEXT },
    { name: "gzip of nothing", bytes: gzipSync(""), expected: Buffer.alloc(0) },
    {
      name: "gzip members in a row",
      bytes: Buffer.concat([gzip, gzip, gzip]),
      expected: Buffer.concat([TEXT, TEXT, TEXT]),
    },
    { name: "gzip padded with zeros", bytes: Buffer.concat([gzip, Buffer.alloc(70_000)]), expected: TEXT },
    {
      name: "gzip after zeros after gzip",
      bytes: Buffer.concat([gzip, Buffer.alloc(9), gzip]),
      expected: Buffer.concat([TEXT, TEXT]),
    },
    { name: "zstd", bytes: zstd, expected: TEXT },
    {
      name: "zstd frames in a row",
      bytes: Buffer.concat([zstd, zstd, zstd]),
      expected: Buffer.concat([TEXT, TEXT, TEXT]),
    },
    { name: "zstd then gzip", bytes: Buffer.concat([zstd, gzip]), expected: Buffer.concat([TEXT, TEXT]) },
  ];
  for (const size of [100_000, 1_000, 61]) {
    test.each(cases)(`$name, in pieces of ${size}`, async ({ bytes, expected }) => {
      const { out, damage } = await run(bytes, { size });
      expect(damage).toBeUndefined();
      expect(out.equals(expected)).toBe(true);
    });
  }

  test("a slice that ends exactly where a frame ends", async () => {
    for (const frame of [gzip, zstd]) {
      const { out, damage } = await run(Buffer.concat([frame, frame]), { size: frame.length });
      expect(damage).toBeUndefined();
      expect(out.length).toBe(2 * TEXT.length);
    }
  });

  test("counts the compressed bytes taken", async () => {
    const { consumed } = await run(gzip);
    expect(consumed).toBe(gzip.length);
  });
});

describe("damaged input gives what comes before the damage", () => {
  const cases: { name: string; bytes: Buffer; reason: Damage["reason"]; atLeast: number; byte: number }[] = [
    {
      name: "gzip without its end",
      bytes: gzip.subarray(0, -8),
      reason: "truncated-gzip",
      atLeast: TEXT.length,
      byte: gzip.length - 8,
    },
    { name: "gzip cut in its header", bytes: gzip.subarray(0, 6), reason: "truncated-gzip", atLeast: 0, byte: 6 },
    {
      name: "gzip with a wrong checksum",
      bytes: flip(gzip, gzip.length - 6),
      reason: "corrupt-gzip",
      atLeast: TEXT.length,
      byte: gzip.length - 5,
    },
    {
      name: "gzip and garbage",
      bytes: Buffer.concat([gzip, Buffer.from("garbage")]),
      reason: "corrupt-gzip",
      atLeast: TEXT.length,
      byte: gzip.length + 1,
    },
    {
      name: "second member cut",
      bytes: Buffer.concat([gzip, gzip.subarray(0, 5)]),
      reason: "truncated-gzip",
      atLeast: TEXT.length,
      byte: gzip.length + 5,
    },
    {
      name: "zstd without its end",
      bytes: zstd.subarray(0, -5),
      reason: "truncated-zstd",
      atLeast: 0,
      byte: zstd.length - 5,
    },
    {
      name: "zstd with a wrong checksum",
      bytes: flip(zstd, zstd.length - 1),
      reason: "corrupt-zstd",
      atLeast: TEXT.length - 1,
      byte: zstd.length - 1,
    },
    {
      name: "zstd and garbage",
      bytes: Buffer.concat([zstd, Buffer.from("garbage")]),
      reason: "trailing-bytes",
      atLeast: TEXT.length,
      byte: zstd.length,
    },
  ];
  test.each(cases)("$name", async ({ bytes, reason, atLeast, byte }) => {
    const { out, damage } = await run(bytes);
    expect(damage?.reason).toBe(reason);
    expect(out.length).toBeGreaterThanOrEqual(atLeast);
    expect(out.equals(TEXT.subarray(0, out.length))).toBe(true);
    expect(damage?.byte).toBe(byte);
  });

  test("a broken byte in the middle costs what comes after it only", async () => {
    const { out, damage } = await run(flip(gzip, Math.floor(gzip.length / 2)));
    const before = Math.floor(TEXT.length * 0.4);
    expect(damage?.reason).toBe("corrupt-gzip");
    expect(out.subarray(0, before).equals(TEXT.subarray(0, before))).toBe(true);
  });

  test("what cannot be opened again still gives most of it, once", async () => {
    const two = Buffer.concat([gzip, flip(gzip, gzip.length - 6)]);
    const { out, damage } = await run(two, { canReopen: false, size: 512 });
    expect(damage?.reason).toBe("corrupt-gzip");
    expect(out.length).toBeGreaterThanOrEqual(TEXT.length);
    expect(out.equals(Buffer.concat([TEXT, TEXT]).subarray(0, out.length))).toBe(true);
  });
});

describe("bombs", () => {
  const limits = { floorBytes: 1 << 20, ratio: 50 };
  test.each([
    { name: "gzip of zeros", bytes: gzipSync(Buffer.alloc(30 << 20)) },
    { name: "zstd of zeros", bytes: zstdCompressSync(Buffer.alloc(30 << 20)) },
    {
      name: "many small gzip members",
      bytes: Buffer.concat(Array.from({ length: 200 }, () => gzipSync(Buffer.alloc(200_000)))),
    },
  ])("$name ends at the limit", async ({ bytes }) => {
    const { out, damage } = await run(bytes, { limits });
    expect(damage?.reason).toBe("decompression-bomb");
    expect(out.length).toBeLessThanOrEqual(Math.max(limits.floorBytes, limits.ratio * bytes.length));
    expect(out.length).toBeGreaterThan(0);
  });

  test("much that compresses well, but not that well, is no bomb", async () => {
    const { out, damage } = await run(gzip, { limits: { floorBytes: 1_000, ratio: 50 } });
    expect(damage).toBeUndefined();
    expect(out.length).toBe(TEXT.length);
  });
});

test("a name decides nothing", () => {
  expect(compressionOf(Buffer.from("{}"))).toBeUndefined();
  expect(compressionOf(Buffer.alloc(0))).toBeUndefined();
  expect(compressionOf(gzip)).toBe("gzip");
  expect(compressionOf(zstd)).toBe("zstd");
});
