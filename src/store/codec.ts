import { Deserializer, Serializer } from "node:v8";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { freeBytes } from "../lib/free-bytes.ts";
import type { Piece } from "./store.ts";

/**
 * States as bytes, packed. Views of one memory are views of one memory again, which `v8.serialize` does not give: it copies
 * each view by itself, and what is then written through one is not seen through the other. Large memories are taken from
 * where they are, a piece at a time: a state is never there a second time.
 */
export const stateCodec = {
  encode: (value: unknown): Uint8Array => Buffer.concat(Array.from(piecesOf(value), packed)),
  /**
   * The value as it lies in memory; each piece lasts until the next is taken, all are to be taken before the value changes. Packed,
   * one after the other, they are what `encode` gives. A piece without bytes ends each member of an object, and of its members that
   * `split` has, as `a/b`: no two parts may share an object.
   */
  pieces: (value: unknown, split?: ReadonlySet<string>): Iterable<Piece> => piecesOf(value, split),
  packed,
  /** Those of versions that did not pack, too. */
  decode(bytes: Uint8Array): unknown {
    const packs = new Unpacker(bytes);
    const magic = bytes.length >= 8 ? packs.word() : 0;
    if (magic === MAGIC_OF_PARTS) return readParts(packs);
    const [graph, ...large] = magic === MAGIC ? packs.memories() : [];
    return readGraph(graph ?? bytes, large, []);
  },
};

/** "SCS2" and "SCS3", little-endian; what V8 writes begins with ff. */
const MAGIC = 0x32_53_43_53;
const MAGIC_OF_PARTS = 0x33_53_43_53;
/** Packed in one go; fits a cache of the processor. */
const PIECE_BYTES = 1 << 20;
/** Larger memories are packed from where they are. */
const INLINE_BYTES = 1 << 16;
const NOTHING = Buffer.alloc(PIECE_BYTES);
const LEVEL = { [constants.ZSTD_c_compressionLevel]: 1 };
/** What does not pack takes this much more: a packed piece comes as one memory, which can be given back. */
const packedAtMost = (bytes: number): number => bytes + (bytes >> 8) + 1_024;

/**
 * A head, then each memory: how long it is unpacked, and its pieces, each behind its length. The first one is the graph. Of an
 * object, each member is written by itself, behind their names: the graph of a whole state would be a tenth of its memory more.
 */
function* piecesOf(value: unknown, split: ReadonlySet<string> = new Set()): Generator<Piece> {
  const known = new Map<ArrayBufferLike, number>();
  if (!isPlainObject(value)) {
    yield { bytes: wordsOf(MAGIC), isPlain: true };
    yield* piecesOfGraph(value, known);
    return;
  }
  yield { bytes: wordsOf(MAGIC_OF_PARTS), isPlain: true };
  const parts = partsOf(value, split, []);
  yield* piecesOfGraph(
    parts.map(({ path }) => path.join(INSIDE)),
    known,
  );
  for (const { part } of parts) {
    yield* piecesOfGraph(part, known);
    yield { bytes: new Uint8Array(0), isPlain: true };
  }
}

/** Between the names of a member and of a member of it. */
const INSIDE = "\0";

interface Part {
  readonly path: readonly string[];
  readonly part: unknown;
}

const partsOf = (value: object, split: ReadonlySet<string>, under: readonly string[]): readonly Part[] =>
  Object.entries(value).flatMap(([name, part]: [string, unknown]): readonly Part[] => {
    const path = under.concat(name);
    const isSplit = split.has(path.join("/")) && isPlainObject(part) && Object.keys(part).length > 0;
    return isSplit ? partsOf(part, split, path) : [{ path, part }];
  });

function wholeOf(parts: readonly Part[]): object {
  const members = Map.groupBy(parts, ({ path }) => path[0] ?? "");
  const memberOf = (own: readonly Part[]): unknown =>
    own[0]?.path.length === 1 ? own[0].part : wholeOf(own.map(({ path, part }) => ({ path: path.slice(1), part })));
  return Object.fromEntries([...members].map(([name, own]) => [name, memberOf(own)]));
}

const isPlainObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

function* piecesOfGraph(value: unknown, known: Map<ArrayBufferLike, number>): Generator<Piece> {
  const writer = new StateWriter(known);
  writer.writeHeader();
  writer.writeValue(value);
  yield { bytes: wordsOf(1 + writer.large.length), isPlain: true };
  const graph = writer.releaseBuffer();
  yield* piecesIn(graph);
  freeBytes(graph);
  for (const memory of writer.large) yield* piecesIn(memory);
}

function* piecesIn(bytes: Uint8Array): Generator<Piece> {
  yield { bytes: wordsOf(bytes.length), isPlain: true };
  for (let at = 0; at < bytes.length; at += PIECE_BYTES)
    yield { bytes: bytes.subarray(at, at + PIECE_BYTES), isPlain: false };
}

function packed({ bytes, isPlain }: Piece): Uint8Array {
  if (isPlain) return Uint8Array.from(bytes);
  const piece = zstdCompressSync(bytes, { params: LEVEL, chunkSize: packedAtMost(bytes.length) });
  const whole = Buffer.concat([wordsOf(piece.length), piece]);
  freeBytes(piece);
  return whole;
}

function wordsOf(...words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setUint32(4 * i, word, true);
  return bytes;
}

/** Reads what `piecesOf` wrote, from the begin on. */
class Unpacker {
  readonly #bytes: Uint8Array;
  readonly #head: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#head = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  word(): number {
    this.#at += 4;
    return this.#head.getUint32(this.#at - 4, true);
  }

  memories(): readonly Uint8Array<ArrayBuffer>[] {
    return Array.from({ length: this.word() }, () => {
      const memory = new Uint8Array(this.word());
      for (let to = 0; to < memory.length; to += PIECE_BYTES) {
        const length = this.word();
        const piece = zstdDecompressSync(this.#bytes.subarray(this.#at, this.#at + length));
        // What a memory has room for and never used takes none until it is written to.
        if (!NOTHING.subarray(0, piece.length).equals(piece)) memory.set(piece, to);
        this.#at += length;
      }
      return memory;
    });
  }
}

function readParts(packs: Unpacker): object {
  const memories: ArrayBuffer[] = [];
  const next = (): unknown => {
    const [graph = new Uint8Array(0), ...large] = packs.memories();
    return readGraph(graph, large, memories);
  };
  const names = next();
  if (!Array.isArray(names)) throw new TypeError("not the names of a state's parts");
  return wholeOf(names.map((name) => ({ path: String(name).split(INSIDE), part: next() })));
}

function readGraph(graph: Uint8Array, large: readonly Uint8Array<ArrayBuffer>[], memories: ArrayBuffer[]): unknown {
  const reader = new StateReader(graph, large, memories);
  reader.readHeader();
  return reader.readValue();
}

/** Views by the number that stands for each in the bytes. */
const VIEWS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;
type View = InstanceType<(typeof VIEWS)[number]>;

/** Published, but not in its types. https://nodejs.org/api/v8.html#serializer_settreatarraybufferviewsashostobjectsflag */
interface Settable {
  _setTreatArrayBufferViewsAsHostObjects(isSo: boolean): void;
}
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const SerializerOfViews = Serializer as unknown as new () => Serializer & Settable;

class StateWriter extends SerializerOfViews {
  readonly large: Uint8Array[] = [];
  readonly #known: Map<ArrayBufferLike, number>;

  /** `known`: memories that were written before, by number. */
  constructor(known: Map<ArrayBufferLike, number>) {
    super();
    this.#known = known;
    this._setTreatArrayBufferViewsAsHostObjects(true);
  }

  /** Asked for each view: its kind, its memory by number, with its bytes or without, and where in the memory it is. */
  _writeHostObject(view: View): void {
    const kind = VIEWS.findIndex((each) => view instanceof each);
    if (kind < 0) throw new TypeError("not a view that states hold");
    const known = this.#known.get(view.buffer);
    this.writeUint32(kind);
    this.writeUint32(known ?? this.#known.size);
    if (known === undefined) this.#writeMemory(view.buffer);
    this.writeUint32(view.byteOffset);
    this.writeUint32(view.length);
  }

  #writeMemory(memory: ArrayBufferLike): void {
    const bytes = new Uint8Array(memory);
    const isLarge = bytes.length > INLINE_BYTES;
    this.#known.set(memory, this.#known.size);
    this.writeUint32(isLarge ? 1 : 0);
    if (isLarge) this.large.push(bytes);
    else {
      this.writeUint32(bytes.length);
      this.writeRawBytes(bytes);
    }
  }
}

class StateReader extends Deserializer {
  readonly #large: Iterator<Uint8Array<ArrayBuffer>>;
  readonly #memories: ArrayBuffer[];

  constructor(graph: Uint8Array, large: readonly Uint8Array<ArrayBuffer>[], memories: ArrayBuffer[]) {
    super(graph);
    this.#memories = memories;
    this.#large = large.values();
  }

  _readHostObject(): View {
    const kind = VIEWS[this.readUint32()];
    const number = this.readUint32();
    const memory = this.#memories[number] ?? this.#readMemory();
    this.#memories[number] = memory;
    const from = this.readUint32();
    if (kind === undefined) throw new TypeError("not a view that states hold");
    return new kind(memory, from, this.readUint32());
  }

  #readMemory(): ArrayBuffer {
    if (this.readUint32() === 0) return Uint8Array.from(this.readRawBytes(this.readUint32())).buffer;
    const next = this.#large.next();
    if (next.done === true) throw new TypeError("a memory of the state is missing");
    return next.value.buffer;
  }
}
