/**
 * `node bench/ocsf-schema.ts FOLDER > test/exports/ocsf-1.8.0.schema.json`: the classes that exports have, of a checked-out
 * github.com/ocsf/ocsf-schema (Apache-2.0), as JSON Schema: attributes, requirements, enumerations, patterns and constraints, with
 * the profiles that our events name.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const CLASSES = ["api_activity", "authentication", "datastore_activity", "detection_finding", "iam_analysis_finding"];
const PROFILES = new Set(["cloud", "security_control"]);

const Attribute = z.looseObject({
  type: z.string().optional(),
  is_array: z.boolean().optional(),
  requirement: z.string().optional(),
  profile: z.union([z.string(), z.array(z.string()), z.null()]).optional(),
  enum: z.record(z.string(), z.unknown()).optional(),
});
type Attribute = z.infer<typeof Attribute>;
const Includes = z.union([z.string(), z.array(z.string())]).optional();
const Definition = z.looseObject({
  name: z.string().optional(),
  uid: z.int().optional(),
  meta: z.string().optional(),
  extends: z.string().optional(),
  attributes: z.record(z.string(), z.unknown()).default({}),
  constraints: z.record(z.string(), z.array(z.string())).optional(),
});
type Definition = z.infer<typeof Definition>;
const Types = z.record(
  z.string(),
  z.looseObject({ type: z.string().optional(), regex: z.string().optional(), max_len: z.number().optional() }),
);

const [, , folder = "."] = process.argv;
const read = (path: string): unknown => JSON.parse(readFileSync(join(folder, path), "utf8"));
const dictionary = z
  .object({ attributes: z.record(z.string(), Attribute), types: z.object({ attributes: Types }) })
  .parse(read("dictionary.json"));
const types = dictionary.types.attributes;
const named = (kind: string): ReadonlyMap<string, Definition> =>
  new Map(
    globSync(`${kind}/**/*.json`, { cwd: folder }).map((path) => {
      const one = Definition.parse(read(path));
      return [one.name ?? one.extends ?? "", one];
    }),
  );
const events = named("events");
const objects = named("objects");

/** Attributes of a definition with those that it extends and includes; those of profiles that are not ours are left out. */
function attributesOf(one: Definition, all: ReadonlyMap<string, Definition>): Map<string, Attribute> {
  const parent = one.extends === undefined ? undefined : all.get(one.extends);
  const found = parent === undefined || parent === one ? new Map<string, Attribute>() : attributesOf(parent, all);
  const includes = Includes.parse(one.attributes["$include"]);
  for (const path of typeof includes === "string" ? [includes] : (includes ?? [])) {
    const included = Definition.parse(read(path));
    if (included.meta === "profile" && !PROFILES.has(included.name ?? "")) continue;
    for (const [name, attribute] of attributesOf(included, all)) merge(found, name, attribute);
  }
  for (const [name, raw] of Object.entries(one.attributes))
    if (name !== "$include") merge(found, name, Attribute.parse(raw));
  for (const [name, { profile }] of found)
    if (typeof profile === "string" && !PROFILES.has(profile)) found.delete(name);
  return found;
}

function merge(found: Map<string, Attribute>, name: string, attribute: Attribute): void {
  const known = found.get(name);
  const values = { ...known?.enum, ...attribute.enum };
  found.set(name, { ...known, ...attribute, ...(Object.keys(values).length > 0 ? { enum: values } : {}) });
}

const needed = new Set<string>();

function schemaOf(one: Definition, all: ReadonlyMap<string, Definition>): object {
  const attributes = attributesOf(one, all);
  const properties: Record<string, object> = {};
  const required: string[] = [];
  for (const [name, attribute] of attributes) {
    if (attribute.requirement === "required") required.push(name);
    properties[name] = propertyOf(name, attribute);
  }
  if (one.name === "object" || attributes.size === 0) return { type: "object" };
  const { at_least_one: some, just_one: only } = constraintsOf(one, all);
  return {
    type: "object",
    properties,
    required,
    additionalProperties: false,
    ...(some === undefined ? {} : { anyOf: some.map((name) => ({ required: [name] })) }),
    ...(only === undefined ? {} : { oneOf: only.map((name) => ({ required: [name] })) }),
  };
}

function constraintsOf(
  one: Definition,
  all: ReadonlyMap<string, Definition>,
): Readonly<Record<string, string[] | undefined>> {
  const parent = one.extends === undefined ? undefined : all.get(one.extends);
  return one.constraints ?? (parent === undefined || parent === one ? {} : constraintsOf(parent, all));
}

function propertyOf(name: string, attribute: Attribute): object {
  const known = dictionary.attributes[name];
  const type = attribute.type ?? known?.type ?? "json_t";
  const single = valueOf(type, { ...known?.enum, ...attribute.enum });
  return (attribute.is_array ?? known?.is_array) === true ? { type: "array", items: single } : single;
}

function valueOf(type: string, values: Readonly<Record<string, unknown>>): object {
  if (objects.has(type)) {
    needed.add(type);
    return { $ref: `#/$defs/${type}` };
  }
  if (type === "json_t") return {};
  const { type: base = type, regex, max_len: maxLength } = types[type] ?? {};
  const isNumber = base === "integer_t" || base === "long_t";
  const names = Object.keys(values);
  return {
    type: isNumber ? "integer" : base === "float_t" ? "number" : base === "boolean_t" ? "boolean" : "string",
    ...(names.length === 0 ? {} : { enum: isNumber ? names.map(Number) : names }),
    ...(regex === undefined ? {} : { pattern: regex }),
    ...(maxLength === undefined ? {} : { maxLength }),
  };
}

const categories: Record<string, number> = {
  api_activity: 6,
  datastore_activity: 6,
  authentication: 3,
  detection_finding: 2,
  iam_analysis_finding: 2,
};
const classes: Record<string, object> = {};
for (const name of CLASSES) {
  const one = events.get(name);
  if (one?.uid === undefined) throw new Error(`no class ${name}`);
  const uid = 1_000 * (categories[name] ?? 0) + one.uid;
  const schema = z.looseObject({ properties: z.record(z.string(), z.unknown()) }).parse(schemaOf(one, events));
  const { activity_id: activity } = schema.properties;
  const numbers = z.object({ enum: z.array(z.int()) }).parse(activity).enum;
  const fixed = {
    class_uid: { const: uid },
    category_uid: { const: categories[name] },
    type_uid: { enum: numbers.map((id) => 100 * uid + id) },
  };
  classes[String(uid)] = { ...schema, properties: { ...schema.properties, ...fixed } };
}
const definitions: Record<string, object> = {};
for (const name of needed) {
  const one = objects.get(name);
  if (one !== undefined && !Object.hasOwn(definitions, name)) definitions[name] = schemaOf(one, objects);
}
const { version } = z.object({ version: z.string() }).parse(read("version.json"));
if (!existsSync(join(folder, "LICENSE"))) throw new Error("no licence beside the schema");
process.stdout.write(
  `${JSON.stringify({ source: "github.com/ocsf/ocsf-schema", license: "Apache-2.0", version, profiles: [...PROFILES], classes, $defs: definitions })}\n`,
);
