import { type Decoded, DECODE_LIMITS, type DecodeLimits } from "./decoded.ts";
import { LineScan } from "./scan/line-scan.ts";
import type { Scanner } from "./scan/scanner.ts";
import { Splitter } from "./splitter.ts";
import { createTranscoder } from "./transcode.ts";

export interface StreamDecoder {
  /**
   * How the input is cut into chunks never changes what comes out in the end. `isScanned` false: every record of the chunk is
   * parsed, in order.
   */
  push(chunk: Uint8Array, isScanned?: boolean): Decoded;
  end(): Decoded;
}

/**
 * Decodes input of any size: lines of JSON, one document, documents one after another, a list, `{"records":[…]}`; UTF-8
 * or UTF-16. A byte-level splitter finds the elements; each is read by itself, so memory is bounded by the largest
 * element and one broken element never costs its neighbours. Lines that a scanner takes are not parsed.
 */
export function createStreamDecoder(
  at: { readonly source: string; readonly partition: string },
  { limits = DECODE_LIMITS, scanner }: { readonly limits?: DecodeLimits; readonly scanner?: Scanner | undefined } = {},
): StreamDecoder {
  const splitter = new Splitter(at, limits);
  if (scanner !== undefined) return scanned(new LineScan(at, splitter, scanner));
  const transcoder = createTranscoder();
  return {
    push(chunk) {
      splitter.push(transcoder.push(chunk));
      return splitter.take();
    },
    end() {
      splitter.push(transcoder.end());
      splitter.end();
      return splitter.take();
    },
  };
}

function scanned(lines: LineScan): StreamDecoder {
  const transcoder = createTranscoder();
  return {
    push: (chunk, isScanned) => lines.push(transcoder.push(chunk), isScanned),
    end() {
      const { records, rejects, scans } = lines.push(transcoder.end());
      const last = lines.end();
      return {
        records: [...records, ...last.records],
        rejects: [...rejects, ...last.rejects],
        scans: [...scans, ...last.scans],
      };
    },
  };
}
