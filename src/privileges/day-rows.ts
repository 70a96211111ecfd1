/**
 * Rows of (day, use) with their counts, packed: sorted by day and use, differences and counts as variable-length numbers of
 * seven bits a byte. A row of a use that is seen daily takes two to four bytes. Plain data.
 */
export interface DayRows {
  /** Packed blocks, in the order in which they were full. */
  readonly blocks: Block[];
  /** Older days, folded by periods; oldest first. */
  readonly folded: FoldedBlock[];
  /** Rows that are not packed yet: day, use, succeeded, denied, of those 401, other. */
  tail: Float64Array;
  tailRows: number;
}

export interface Block {
  readonly bytes: Uint8Array;
  readonly rows: number;
  readonly firstDay: number;
  readonly lastDay: number;
}

/** Uses of one period, each with its days and the sums of its counts: see folded-rows.ts. */
export interface FoldedBlock {
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** Days of all its uses. */
  readonly days: number;
  /** First day of the period. */
  readonly firstDay: number;
  /** Days on which any of its uses was, a bit each, from the first day on. */
  readonly mask: number;
}

/** Numbers of a row that is not packed. */
export const COLUMNS = 6;
/** Rows that are packed at once. */
const BLOCK_ROWS = 1 << 16;

export const createDayRows = (): DayRows => ({
  blocks: [],
  folded: [],
  tail: new Float64Array(COLUMNS * 256),
  tailRows: 0,
});

export interface DayCounts {
  readonly succeeded: number;
  /** Answered with 401 or 403. */
  readonly denied: number;
  /** Of the denied, those with 401. */
  readonly denied401: number;
  readonly other: number;
}

/** Several rows of one day and use add up. */
export function addDayRow(rows: DayRows, day: number, use: number, counts: DayCounts): void {
  if (COLUMNS * (rows.tailRows + 1) > rows.tail.length) {
    const larger = new Float64Array(2 * rows.tail.length);
    larger.set(rows.tail);
    rows.tail = larger;
  }
  const at = COLUMNS * rows.tailRows;
  rows.tail[at] = day;
  rows.tail[at + 1] = use;
  rows.tail[at + 2] = counts.succeeded;
  rows.tail[at + 3] = counts.denied;
  rows.tail[at + 4] = counts.denied401;
  rows.tail[at + 5] = counts.other;
  rows.tailRows += 1;
  if (rows.tailRows >= BLOCK_ROWS) packTail(rows);
}

/** Packs what waits; rows of one day and use become one. */
export function packTail(rows: DayRows): void {
  if (rows.tailRows === 0) return;
  rows.blocks.push(pack(rows.tail, rows.tailRows));
  rows.tail = new Float64Array(COLUMNS * 256);
  rows.tailRows = 0;
}

const DENIED = 1;
const OTHER = 2;

function pack(tail: Float64Array, count: number): Block {
  const order = Uint32Array.from({ length: count }, (_, i) => COLUMNS * i);
  const cell = (at: number): number => tail[at] ?? 0;
  order.sort((a, b) => cell(a) - cell(b) || cell(a + 1) - cell(b + 1));
  const writer = new Writer(6 * count + 64);
  let rows = 0;
  let day = 0;
  let use = 0;
  for (let i = 0; i < count; ) {
    const at = order[i] ?? 0;
    let [succeeded, denied, denied401, other] = [0, 0, 0, 0];
    let j = i;
    for (; j < count; j++) {
      const same = order[j] ?? 0;
      if (cell(same) !== cell(at) || cell(same + 1) !== cell(at + 1)) break;
      succeeded += cell(same + 2);
      denied += cell(same + 3);
      denied401 += cell(same + 4);
      other += cell(same + 5);
    }
    const days = cell(at) - day;
    if (days > 0) use = 0;
    writer.put(2 * (cell(at + 1) - use) + (days > 0 ? 1 : 0));
    if (days > 0) writer.put(days);
    writer.put(4 * succeeded + (denied > 0 ? DENIED : 0) + (other > 0 ? OTHER : 0));
    if (denied > 0) {
      writer.put(denied);
      writer.put(denied401);
    }
    if (other > 0) writer.put(other);
    day = cell(at);
    use = cell(at + 1);
    rows += 1;
    i = j;
  }
  return { bytes: writer.done(), rows, firstDay: cell(order[0] ?? 0), lastDay: day };
}

/** Numbers without sign, seven bits a byte. */
export class Writer {
  #bytes: Uint8Array;
  #at = 0;

  constructor(room: number) {
    this.#bytes = new Uint8Array(room);
  }

  put(value: number): void {
    if (this.#at + 8 > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#at++] = rest;
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }
}

/**
 * Told of each row; one day and use can come more than once, in different blocks. The counts are filled again for the next.
 * `bits` is 0 for a row of one day; of folded days, those on which the use was, from `day` on, and the counts are their sums.
 */
export type RowVisitor = (day: number, use: number, counts: DayCounts, bits: number) => void;

export function visitRows({ blocks, tail, tailRows }: DayRows, visit: RowVisitor): void {
  for (const block of blocks) visitBlock(block.bytes, visit);
  for (let i = 0; i < tailRows; i++) {
    const at = COLUMNS * i;
    const cell = (column: number): number => tail[at + column] ?? 0;
    visit(cell(0), cell(1), { succeeded: cell(2), denied: cell(3), denied401: cell(4), other: cell(5) }, 0);
  }
}

/** Long for one loop: the replay of ten million rows reads all of them here. */
function visitBlock(bytes: Uint8Array, visit: RowVisitor): void {
  let at = 0;
  const rest = (first: number): number => {
    let value = first & 127;
    let scale = 128;
    for (let byte = first; byte >= 128; scale *= 128) {
      byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
    }
    return value;
  };
  const next = (): number => {
    const byte = bytes[at++] ?? 0;
    return byte < 128 ? byte : rest(byte);
  };
  const counts = { succeeded: 0, denied: 0, denied401: 0, other: 0 };
  let day = 0;
  let use = 0;
  while (at < bytes.length) {
    const step = next();
    if (step % 2 === 1) {
      day += next();
      use = 0;
    }
    use += Math.floor(step / 2);
    const flagged = next();
    counts.succeeded = Math.floor(flagged / 4);
    counts.denied = (flagged & DENIED) === 0 ? 0 : next();
    counts.denied401 = (flagged & DENIED) === 0 ? 0 : next();
    counts.other = (flagged & OTHER) === 0 ? 0 : next();
    visit(day, use, counts, 0);
  }
}

/** Gives up blocks that end before a day; gives how many rows they held. */
export function forgetBefore(rows: DayRows, day: number): number {
  const kept = rows.blocks.filter(({ lastDay }) => lastDay >= day);
  const gone = rows.blocks.reduce((sum, block) => sum + (block.lastDay < day ? block.rows : 0), 0);
  rows.blocks.splice(0, rows.blocks.length, ...kept);
  return gone + forgetFolded(rows, day);
}

/** Days of a period. */
export const PERIOD = 32;

function forgetFolded({ folded }: DayRows, day: number): number {
  const kept = folded.filter(({ firstDay }) => firstDay + PERIOD > day);
  const gone = folded.reduce((sum, { firstDay, days }) => sum + (firstDay + PERIOD > day ? 0 : days), 0);
  folded.splice(0, folded.length, ...kept);
  return gone;
}

export const packedBytes = ({ blocks, folded }: DayRows): number =>
  [...blocks, ...folded].reduce((sum, { bytes }) => sum + bytes.length, 0);

/** Days of all uses, folded ones too. */
export const rowCount = ({ blocks, folded, tailRows }: DayRows): number =>
  blocks.reduce((sum, { rows }) => sum + rows, tailRows) + folded.reduce((sum, { days }) => sum + days, 0);
