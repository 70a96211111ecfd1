import { type Decoded, DECODE_LIMITS, type DecodeLimits } from "./decoded.ts";
import { Splitter } from "./splitter.ts";
import { createTranscoder } from "./transcode.ts";

export interface StreamDecoder {
  /** How the input is cut into chunks never changes what comes out in the end. */
  push(chunk: Uint8Array): Decoded;
  end(): Decoded;
}

/**
 * Decodes input of any size: lines of JSON, one document, documents one after another, a list, `{"records":[…]}`; UTF-8
 * or UTF-16. A byte-level splitter finds the elements; each is read by itself, so memory is bounded by the largest
 * element and one broken element never costs its neighbours.
 */
export function createStreamDecoder(
  at: { readonly source: string; readonly partition: string },
  limits: DecodeLimits = DECODE_LIMITS,
): StreamDecoder {
  const splitter = new Splitter(at, limits);
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
