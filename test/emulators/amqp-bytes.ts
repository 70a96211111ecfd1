/** Codes of message sections. OASIS AMQP 1.0 part 3, §3.2. */
export const SECTION = { delivery: 0x71, annotations: 0x72, data: 0x75 } as const;

export interface Section {
  readonly code: number;
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
}

/** Walks the sections of an encoded message without decoding their values. */
export function* sectionsOf(message: Buffer): Generator<Section> {
  let at = 0;
  while (at < message.length) {
    const start = at;
    if (message[at] !== 0x00 || message[at + 1] !== 0x53)
      throw new Error(`no section with a small descriptor at byte ${at}`);
    const code = message[at + 2] ?? 0;
    const valueStart = at + 3;
    at = skipValue(message, valueStart);
    yield { code, start, valueStart, end: at };
  }
}

/** Fixed widths by the high half of the constructor; part 1, §1.2. */
const FIXED = new Map([
  [0x4, 0],
  [0x5, 1],
  [0x6, 2],
  [0x7, 4],
  [0x8, 8],
  [0x9, 16],
]);

function skipValue(bytes: Buffer, at: number): number {
  const constructor = bytes[at] ?? 0;
  if (constructor === 0x00) return skipValue(bytes, skipValue(bytes, at + 1));
  const half = constructor >> 4;
  const fixed = FIXED.get(half);
  if (fixed !== undefined) return at + 1 + fixed;
  if (half === 0xa || half === 0xc || half === 0xe) return at + 2 + (bytes[at + 1] ?? 0);
  if (half === 0xb || half === 0xd || half === 0xf) return at + 5 + bytes.readUInt32BE(at + 1);
  throw new Error(`no AMQP constructor: 0x${constructor.toString(16)}`);
}

/** The bytes of a binary value, without a copy. */
export function binaryAt(bytes: Buffer, at: number): Buffer {
  if (bytes[at] === 0xa0) return bytes.subarray(at + 2, at + 2 + (bytes[at + 1] ?? 0));
  if (bytes[at] === 0xb0) return bytes.subarray(at + 5, at + 5 + bytes.readUInt32BE(at + 1));
  throw new Error("a data section that is not binary");
}

export function symbol(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([0xa3, bytes.length]), bytes]);
}

export function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(5, 0xb1);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function eightBytes(constructor: number, value: number): Buffer {
  const bytes = Buffer.alloc(9, constructor);
  bytes.writeBigInt64BE(BigInt(value), 1);
  return bytes;
}

export const long = (value: number): Buffer => eightBytes(0x81, value);
export const timestamp = (ms: number): Buffer => eightBytes(0x83, ms);

/** A section that holds a map: keys and values in turn. */
export function mapSection(code: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.from([0x00, 0x53, code, 0xd1, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length + 4, 4);
  head.writeUInt32BE(parts.length, 8);
  return Buffer.concat([head, body]);
}

export function dataSection(body: Uint8Array): Buffer {
  const head = Buffer.from([0x00, 0x53, SECTION.data, 0xb0, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}
