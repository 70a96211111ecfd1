import { z } from "zod";
import { EXPORT_FORMATS } from "../model/evidence.ts";
import { name, secret } from "./fields.ts";
import { container, eitherAccount } from "./source-config.ts";

const what = {
  name,
  format: z.enum(EXPORT_FORMATS).default("parquet").meta({ description: "Of the tables." }),
  key: secret.meta({
    description: "Reference to the Ed25519 key (PEM) that signs; `openssl genpkey -algorithm ed25519` makes one.",
  }),
  rotateFrom: secret
    .optional()
    .meta({ description: "Reference to the key that signed so far, where `key` is a new one." }),
  redact: z
    .string()
    .max(200)
    .optional()
    .meta({ description: "As `export --redact`: `address=truncate,identity=pseudonym`." }),
  redactKey: secret
    .optional()
    .meta({ description: "Reference to the pseudonyms' key; needed where `redact` has any." }),
  from: z
    .string()
    .regex(/^\d{4}-\d\d-\d\d$/, "a day such as 2026-03-01")
    .optional()
    .meta({ description: "First day, UTC; the day of the first start without it." }),
  afterMinutes: z.int().min(1).max(1_440).default(30).meta({
    description: "How long after its end an hour or a day is written; what comes later is in the next day's.",
  }),
};

const folder = z.strictObject({
  type: z.literal("folder"),
  ...what,
  path: z.string().min(1).meta({ description: "Folder of the chain, which nothing else writes to." }),
});

const blob = z
  .strictObject({
    type: z.literal("blob"),
    ...what,
    ...container,
    container: container.container.meta({
      description: "Container, which is there already; make it immutable (WORM).",
    }),
    prefix: z
      .string()
      .regex(/^[\w.-]+(?:\/[\w.-]+)*$/)
      .max(200)
      .optional()
      .meta({ description: "Path within the container." }),
  })
  .refine(...eitherAccount);

/** One member of `exports`. */
export const Exports = z
  .discriminatedUnion("type", [folder, blob])
  .refine(({ redact = "", redactKey }) => !redact.includes("pseudonym") || redactKey !== undefined, {
    message: "pseudonyms need a key, or each day would have others",
    path: ["redactKey"],
  });
