import { createGunzip, createZstdDecompress } from "node:zlib";

export type Compression = "gzip" | "zstd";

/** Why a frame takes no more; `read` and `left` count compressed bytes. */
export type FrameEnd =
  | { readonly kind: "whole"; readonly left: number }
  | { readonly kind: "cut"; readonly read: number }
  | { readonly kind: "corrupt"; readonly read: number; readonly because: string }
  | { readonly kind: "bomb"; readonly read: number };

export interface Fed {
  readonly output: readonly Uint8Array[];
  /** Set once; nothing may be fed afterwards. */
  readonly end?: FrameEnd;
}

/** One compressed frame (gzip: members in a row), fed slice by slice. */
export interface InflateEngine {
  /** Undefined says that there is no more input; output beyond `room` bytes ends the frame. */
  feed(slice: Uint8Array | undefined, room: number): Promise<Fed>;
  close(): void;
}

const OUTPUT_BYTES = 256 << 10;

export function createInflateEngine(frame: Compression): InflateEngine {
  const options = { chunkSize: OUTPUT_BYTES };
  const zlib = frame === "gzip" ? createGunzip(options) : createZstdDecompress(options);
  let output: Uint8Array[] = [];
  let room = 0;
  let fed = 0;
  let failure: NodeJS.ErrnoException | undefined;
  let settle = (): void => {};
  zlib.on("data", (bytes: Uint8Array) => {
    room -= bytes.length;
    if (room < 0) zlib.destroy();
    else output.push(bytes);
  });
  zlib.on("error", (error) => {
    failure = error;
  });
  zlib.on("end", () => settle());
  zlib.on("close", () => settle());

  const endOf = (isLast: boolean): FrameEnd | undefined => {
    const read = zlib.bytesWritten;
    if (room < 0) return { kind: "bomb", read };
    if (failure?.code === "Z_BUF_ERROR") return { kind: "cut", read };
    // The frame's own prefix was known: this is about what follows a whole one.
    if (failure?.code === "ZSTD_error_prefix_unknown" && read > 0) return { kind: "whole", left: fed - read };
    if (failure !== undefined) return { kind: "corrupt", read, because: failure.message };
    return isLast || read < fed ? { kind: "whole", left: fed - read } : undefined;
  };

  return {
    async feed(slice, roomNow) {
      room = roomNow;
      output = [];
      fed += slice?.length ?? 0;
      await new Promise<void>((resolve) => {
        settle = resolve;
        if (slice === undefined) zlib.end();
        // A failed write calls back before the stream has said why: its "close" settles that case.
        else zlib.write(slice, (error) => (error ? undefined : resolve()));
      });
      const end = endOf(slice === undefined);
      return end === undefined ? { output } : { output, end };
    },
    close() {
      zlib.destroy();
    },
  };
}
