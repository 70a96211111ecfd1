import { finish, hash64 } from "../lib/hash.ts";
import * as row from "../model/event-table.ts";
import { DOUBLES, type EventTable, WORDS } from "../model/event-table.ts";
import { HASH_WORDS, type Names } from "../model/names.ts";
import { epochMs, instantFromTicks } from "../model/time.ts";

/** A hash of 64 bits of what makes two records the same, whatever route or shape they came by: what `dedupKeyAt` tells. */
export class Fingerprint {
  high = 0;
  low = 0;
  readonly #double = new Float64Array(1);
  readonly #halves = new Int32Array(this.#double.buffer);

  /** Sets `high` and `low` to those of the row. */
  of(table: EventTable, place: number, names: Names): void {
    const traits = table.words[WORDS * place + row.TRAITS] ?? 0;
    this.high = names.seed | 0 || 0x9747b28c;
    this.low = Math.imul(this.high, 0x85ebca6b) ^ 0x3c6ef372;
    const kind = traits & row.KIND;
    if (kind === row.OTHER_KIND) {
      const [high, low] = hash64(table.objects.get(place)?.dedupKey ?? "", names.seed);
      this.high = high;
      this.low = low;
      return;
    }
    this.#common(table, place, names);
    if (kind === row.OPERATION_KIND) this.#operation(table, place, names);
    this.high = finish(this.high);
    this.low = finish(this.low + this.high);
  }

  #common({ words, doubles }: EventTable, place: number, names: Names): void {
    const at = WORDS * place;
    this.#mix((words[at + row.TRAITS] ?? 0) & row.KIND);
    for (let i = 0; i < 4; i++) this.#mix(words[at + row.KEY + i] ?? 0);
    this.#number(epochMs(instantFromTicks(doubles[DOUBLES * place + row.TIME_D] ?? 0)));
    this.#mix(words[at + row.STATUS] ?? 0);
    this.#text(names, words[at + row.OWNER] ?? 0, 0);
  }

  #operation({ words, doubles }: EventTable, place: number, names: Names): void {
    const at = WORDS * place;
    const first = DOUBLES * place;
    this.#text(names, words[at + row.OPERATION] ?? 0, 2);
    this.#text(names, words[at + row.RESOURCE_TYPE] ?? 0, 2);
    this.#text(names, words[at + row.DATABASE] ?? 0, 0);
    this.#text(names, words[at + row.CONTAINER] ?? 0, 0);
    this.#number(doubles[first + row.DURATION_D] ?? 0);
    this.#number(doubles[first + row.CHARGE_D] ?? 0);
    this.#number(doubles[first + row.RESPONSE_BYTES_D] ?? 0);
  }

  #number(value: number): void {
    // All that are not a number are one, and so are the two zeros.
    this.#double[0] = Number.isNaN(value) ? Number.NaN : value + 0;
    this.#mix(this.#halves[0] ?? 0);
    this.#mix(this.#halves[1] ?? 0);
  }

  /** `form` 0 is the text, 2 its lower-cased form. */
  #text(names: Names, id: number, form: 0 | 2): void {
    this.#mix(names.hashes[HASH_WORDS * id + form] ?? 0);
    this.#mix(names.hashes[HASH_WORDS * id + form + 1] ?? 0);
  }

  #mix(word: number): void {
    let a = Math.imul(this.high ^ word, 0xcc9e2d51);
    a = (a << 15) | (a >>> 17);
    let b = Math.imul(this.low + word, 0x1b873593);
    b = (b << 13) | (b >>> 19);
    this.high = a;
    this.low = b ^ a;
  }
}
