import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { decodeBody } from "../decode/decode-body.ts";
import type { RawColumns, Scanner } from "../decode/scan/scanner.ts";
import type { Position, RawRecord, Reject } from "../model/record.ts";
import { compressionOf } from "./decompress.ts";

/** A body of at most 1 MB does not become more than this; twenty times what logs compress to. */
const MAX_BODY_BYTES = 64 << 20;

interface Decoded {
  readonly records: readonly RawRecord[];
  readonly rejects: readonly Reject[];
  readonly scans: readonly RawColumns[];
}

/** Bytes of a message body as the client gives it, gzip or zstd or plain; what a scanner takes of it is not parsed. */
export function decodeEventBody(body: unknown, at: Omit<Position, "index">, scanner?: Scanner): Decoded {
  const reject = (reason: string, detail: string): Decoded => ({
    records: [],
    scans: [],
    rejects: [{ stage: "decode", reason, position: { ...at, index: 0 }, detail, sample: "" }],
  });
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  if (!(bytes instanceof Uint8Array))
    return reject("not-bytes", "The message's body is an AMQP value or sequence; send it as data.");
  const compression = compressionOf(bytes);
  if (compression === undefined) return decodeBody(bytes, at, { scanner });
  let plain: Uint8Array;
  try {
    const inflate = compression === "gzip" ? gunzipSync : zstdDecompressSync;
    plain = inflate(bytes, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ERR_BUFFER_TOO_LARGE")
      return reject(
        "decompression-bomb",
        `${compression} of ${bytes.length} bytes becomes more than ${MAX_BODY_BYTES}.`,
      );
    const damage = code === "Z_BUF_ERROR" ? "truncated" : "corrupt";
    return reject(`${damage}-${compression}`, `The message's body is ${damage} ${compression}; look at what sends it.`);
  }
  return decodeBody(plain, at, { scanner });
}
