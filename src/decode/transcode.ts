/** Turns a stream of UTF-16 into UTF-8; anything else passes as it is. Told by the first bytes. */
export interface Transcoder {
  push(chunk: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

const NOTHING: Uint8Array = new Uint8Array(0);

/** UTF-16 with a byte order mark, or JSON in it without one: every other byte of its first characters is zero (RFC 4627 §3). */
function utf16Of(head: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  const [a, b] = head;
  if (a === 0xff && b === 0xfe) return "utf-16le";
  if (a === 0xfe && b === 0xff) return "utf-16be";
  if (a === 0 && isJsonStart(b)) return "utf-16be";
  return isJsonStart(a) && b === 0 ? "utf-16le" : undefined;
}

const isJsonStart = (byte: number | undefined): boolean => byte === 0x7b || byte === 0x5b || byte === 0x22;

/** Windows PowerShell's `>` writes UTF-16. */
export function createTranscoder(): Transcoder {
  const encoder = new TextEncoder();
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let told = false;
  let held: Uint8Array = NOTHING;
  const convert = (bytes: Uint8Array, last: boolean): Uint8Array =>
    decoder === undefined ? bytes : encoder.encode(decoder.decode(bytes, { stream: !last }));
  return {
    push(chunk) {
      if (told) return convert(chunk, false);
      const head = held.length === 0 ? chunk : Uint8Array.from([...held, ...chunk]);
      if (head.length < 2) {
        held = head.slice();
        return NOTHING;
      }
      told = true;
      const encoding = utf16Of(head);
      if (encoding !== undefined) decoder = new TextDecoder(encoding);
      return convert(head, false);
    },
    end() {
      if (!told) return held;
      return decoder === undefined ? NOTHING : convert(NOTHING, true);
    },
  };
}
