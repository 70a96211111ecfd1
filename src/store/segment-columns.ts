import { z } from "zod";
import type { Cell, Column, Row } from "../model/evidence.ts";

/** A column of a block: GUIDs as bytes, other texts by their place in a dictionary, numbers as they are. */
const Packed = z.discriminatedUnion("is", [
  z.object({ is: z.literal("guids"), bytes: z.instanceof(Uint8Array) }),
  z.object({ is: z.literal("texts"), texts: z.array(z.string()), places: z.instanceof(Uint16Array) }),
  z.object({ is: z.literal("numbers"), numbers: z.instanceof(Float64Array) }),
  z.object({ is: z.literal("booleans"), bytes: z.instanceof(Uint8Array) }),
]);

export const PackedTable = z.object({ rows: z.number(), columns: z.map(z.string(), Packed) });

export type PackedTable = z.infer<typeof PackedTable>;
type PackedColumn = z.infer<typeof Packed>;

/** Rows of one packed table, so that a place in a dictionary is two bytes; one place stands for null. */
export const MOST_ROWS = 65_535;

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const GUID_BYTES = 16;

/** Rows as columns; at most `MOST_ROWS` of them. */
export const packTable = (columns: readonly Column[], rows: readonly Row[]): PackedTable => ({
  rows: rows.length,
  columns: new Map(columns.map((column, place) => [column.name, packColumn(column, rows, place)])),
});

function packColumn({ type }: Column, rows: readonly Row[], place: number): PackedColumn {
  if (type === "boolean") return packBooleans(rows, place);
  return type === "text" ? (packGuids(rows, place) ?? packTexts(rows, place)) : packNumbers(rows, place);
}

// Loops by place: iterators take several times as long, and a block is packed while nobody is answered.

function packBooleans(rows: readonly Row[], place: number): PackedColumn {
  const bytes = new Uint8Array(rows.length);
  for (let i = 0; i < rows.length; i++) bytes[i] = rows[i]?.[place] === true ? 1 : 0;
  return { is: "booleans", bytes };
}

function packNumbers(rows: readonly Row[], place: number): PackedColumn {
  const numbers = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const cell = rows[i]?.[place];
    numbers[i] = typeof cell === "number" ? cell : Number.NaN;
  }
  return { is: "numbers", numbers };
}

function packGuids(rows: readonly Row[], place: number): PackedColumn | undefined {
  const bytes = Buffer.alloc(GUID_BYTES * rows.length);
  for (let i = 0; i < rows.length; i++) {
    const cell = rows[i]?.[place];
    if (typeof cell !== "string" || !GUID.test(cell)) return undefined;
    bytes.write(cell.replaceAll("-", ""), GUID_BYTES * i, "hex");
  }
  return { is: "guids", bytes };
}

function packTexts(rows: readonly Row[], place: number): PackedColumn {
  const known = new Map<string, number>();
  const texts: string[] = [];
  const places = new Uint16Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const cell = rows[i]?.[place];
    if (typeof cell !== "string") continue;
    let at = known.get(cell);
    if (at === undefined) {
      at = texts.push(cell);
      known.set(cell, at);
    }
    places[i] = at;
  }
  return { is: "texts", texts, places };
}

/** Gives a row as it was packed, by its place; a column that was not there yet is null, one that is no more is left out. */
export function rowUnpacker(columns: readonly Column[], { columns: packed }: PackedTable): (row: number) => Cell[] {
  const cells = columns.map(({ name }) => unpackColumn(packed.get(name)));
  return (row) => cells.map((cell) => cell(row));
}

function unpackColumn(packed: PackedColumn | undefined): (row: number) => Cell {
  if (packed === undefined) return () => null;
  switch (packed.is) {
    case "guids": {
      const { buffer, byteOffset, byteLength } = packed.bytes;
      const bytes = Buffer.from(buffer, byteOffset, byteLength);
      return (row) => guidText(bytes.toString("hex", GUID_BYTES * row, GUID_BYTES * (row + 1)));
    }
    case "texts":
      return (row) => packed.texts[(packed.places[row] ?? 0) - 1] ?? null;
    case "numbers":
      return (row) => {
        const number = packed.numbers[row] ?? Number.NaN;
        return Number.isNaN(number) ? null : number;
      };
    case "booleans":
      return (row) => packed.bytes[row] === 1;
  }
}

const guidText = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
