import { z } from "zod";
import { ConfigSchema } from "./config.ts";

interface Schema {
  readonly description?: string;
  readonly type?: string;
  readonly const?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** JSON Schema of the configuration as it is written, for editors. */
export const configJsonSchema = (): unknown => z.toJSONSchema(ConfigSchema, { io: "input" });

/** The configuration's manual as Markdown, from the descriptions in its schema. */
export function configReference(): string {
  // The library types its own output loosely; the members used here are those of JSON Schema 2020-12.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const schema = z.toJSONSchema(ConfigSchema, { io: "input" }) as Schema;
  const rows = rowsOf(schema, "");
  return [
    "# Configuration",
    "",
    "`scopetrail serve --config FILE` reads YAML or JSON. An unknown key is an error. Secrets are references: `env:NAME` or `file:/path`.",
    "",
    "| key | type | default | meaning |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function rowsOf(schema: Schema, prefix: string): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    if (key === "type" && value.const !== undefined) return [];
    const path = `${prefix}${key}`;
    const needed = schema.required?.includes(key) === true;
    const fallback =
      value.default === undefined ? (needed ? "required" : "none") : `\`${JSON.stringify(value.default)}\``;
    const row = `| \`${path}\` | ${typeOf(value)} | ${fallback} | ${value.description ?? ""} |`;
    return [row].concat(inner(value, path));
  });
}

function inner(value: Schema, path: string): readonly string[] {
  if (value.properties !== undefined) return rowsOf(value, `${path}.`);
  const members = value.items?.oneOf ?? value.items?.anyOf ?? value.oneOf ?? value.anyOf ?? [];
  return members.flatMap((member) => rowsOf(member, `${path}[${member.properties?.["type"]?.const ?? ""}].`));
}

function typeOf(value: Schema): string {
  if (value.enum !== undefined) return value.enum.map((one) => `\`${String(one)}\``).join(", ");
  const members = value.anyOf ?? value.oneOf;
  if (members !== undefined) return [...new Set(members.map(typeOf))].join(" or ");
  return value.type ?? "object";
}
