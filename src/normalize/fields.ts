import { nameOf } from "../decode/field-name.ts";
import { repairJson } from "../decode/repair.ts";
import type { RawRecord } from "../model/record.ts";

type Bag = Readonly<Record<string, unknown>>;

const NOTHING: ReadonlyMap<string, unknown> = new Map();

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
    const raw = this.#top.get("properties");
    const isThere = (raw !== null && raw !== "") || record.repairs.includes("blob");
    this.brokenProperties = this.nested && properties === undefined && isThere;
    this.#properties = properties === undefined ? NOTHING : index(properties);
    if (more !== undefined) this.#properties = index({ ...more, ...properties });
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

  /** A member of an object that `AzureDiagnostics` flattened into columns: `lastError_reason_s`, `identity_claim_oid_g`. */
  flattened(object: string, member: string): string | undefined {
    return this.text(`${object}_${member.replaceAll(/[^a-z0-9]+/g, "_")}`);
  }

  number(...names: readonly string[]): number | undefined {
    return asNumber(this.any(...names));
  }

  bool(...names: readonly string[]): boolean | undefined {
    return asBool(this.any(...names));
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

/** Lower-cased name without a type suffix → value; the first of several that has a value stays. */
export function index(bag: Bag): ReadonlyMap<string, unknown> {
  const map = new Map<string, unknown>();
  for (const key of Object.keys(bag)) {
    const name = nameOf(key);
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
