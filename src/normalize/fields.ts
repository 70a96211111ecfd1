import { repairJson } from "../decode/repair.ts";
import type { RawRecord } from "../model/record.ts";

type Bag = Readonly<Record<string, unknown>>;

/** Suffixes that legacy `AzureDiagnostics` puts behind a column for its type; the same field can come with several. */
const SUFFIX = new Set(["_s", "_d", "_b", "_g", "_t"]);

const isBag = (value: unknown): value is Bag => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Reads a record's fields by name, whatever its shape: Event Hubs (`properties` as object or text), resource-specific
 * table, or `AzureDiagnostics` with suffixes. Names are compared without case and without suffix. First name that has a
 * value wins; an empty text is no value.
 */
export class Fields {
  readonly #top: ReadonlyMap<string, unknown>;
  readonly #properties: ReadonlyMap<string, unknown>;
  /** The record came from Event Hubs or storage: its fields lie in `properties`. */
  readonly nested: boolean;
  /** `properties` was there and could not be read. */
  readonly brokenProperties: boolean;

  constructor(record: RawRecord) {
    this.#top = index(record.value);
    const properties = readBag(this.#top.get("properties"));
    const more = readBag(this.#top.get("additionalfields"));
    this.nested = this.#top.has("properties") && !this.#top.has("timegenerated");
    this.brokenProperties = this.nested && properties === undefined;
    this.#properties = index({ ...more, ...properties });
  }

  /** The value of the first name that has one; `properties` before the record itself. */
  any(...names: readonly string[]): unknown {
    for (const name of names) {
      const value = this.#properties.get(name) ?? this.#top.get(name);
      if (value !== undefined && value !== null && value !== "") return value;
    }
    return undefined;
  }

  /** As `any`, but of the record itself only. */
  top(...names: readonly string[]): unknown {
    for (const name of names) {
      const value = this.#top.get(name);
      if (value !== undefined && value !== null && value !== "") return value;
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.#top.has(name) || this.#properties.has(name);
  }

  text(...names: readonly string[]): string | undefined {
    return asText(this.any(...names));
  }

  number(...names: readonly string[]): number | undefined {
    return asNumber(this.any(...names));
  }

  bool(...names: readonly string[]): boolean | undefined {
    return asBool(this.any(...names));
  }

  /** What a path of lower-cased names leads to, through objects, lists of names and values, and JSON text; the first of a list. */
  at([first = "", ...inner]: readonly string[]): unknown {
    return inner.reduce((value, name) => inside(value, name), this.any(first));
  }

  /** An object, also when it was written as JSON text. */
  bag(...names: readonly string[]): ReadonlyMap<string, unknown> | undefined {
    const bag = readBag(this.any(...names));
    return bag === undefined ? undefined : index(bag);
  }

  /** A list, also when it was written as JSON text. */
  list(...names: readonly string[]): readonly unknown[] | undefined {
    const value = this.any(...names);
    const parsed = typeof value === "string" ? parseText(value) : value;
    return Array.isArray(parsed) ? parsed : undefined;
  }
}

function inside(value: unknown, name: string): unknown {
  const parsed = typeof value === "string" ? parseText(value) : value;
  const bag = Array.isArray(parsed) ? namedIn(parsed, name) : readBag(parsed);
  const found = bag === undefined ? undefined : index(bag).get(Array.isArray(parsed) ? "value" : name);
  return Array.isArray(found) ? found[0] : found;
}

/** The entry of a list of names and values that has the name. */
const namedIn = (list: readonly unknown[], name: string): Bag | undefined =>
  list.map(readBag).find((entry) => {
    const fields = entry === undefined ? undefined : index(entry);
    return asText(fields?.get("name") ?? fields?.get("key"))?.toLowerCase() === name;
  });

/** Lower-cased name without a type suffix → value; the first of several that has a value stays. */
export function index(bag: Bag): ReadonlyMap<string, unknown> {
  const map = new Map<string, unknown>();
  for (const key of Object.keys(bag)) {
    const name = SUFFIX.has(key.slice(-2)) ? key.slice(0, -2).toLowerCase() : key.toLowerCase();
    const known = map.get(name);
    if (known === undefined || known === null || known === "") map.set(name, bag[key]);
  }
  return map;
}

export const asText = (value: unknown): string | undefined => {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
};

/** Numbers also come as text; anything that is not wholly a number is none. */
export function asNumber(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const number = Number(value);
  return Number.isFinite(number) && /^[\s+\-.\de]+$/i.test(value) ? number : undefined;
}

function asBool(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return value !== 0;
  if (typeof value !== "string") return undefined;
  const text = value.toLowerCase();
  if (text === "true" || text === "1") return true;
  return text === "false" || text === "0" ? false : undefined;
}

/** An object, or the object that a text holds (JSON, or JSON with single quotes). */
export function readBag(value: unknown): Bag | undefined {
  if (isBag(value)) return value;
  if (typeof value !== "string") return undefined;
  const parsed = parseText(value);
  return isBag(parsed) ? parsed : undefined;
}

export function parseText(text: string): unknown {
  const first = text.trimStart()[0];
  if (first !== "{" && first !== "[") return undefined;
  return repairJson(text)?.value;
}
