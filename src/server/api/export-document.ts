import type { z } from "zod";
import { EXPORT_TYPES, ExportQuery, AuditQuery } from "./export-route.ts";
import { queryParameters } from "./openapi.ts";

type Json = Readonly<Record<string, unknown>>;

const text = { schema: { type: "string" } };
const fault = (description: string): Json => ({
  description,
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
});

const operation = (id: string, summary: string, query: z.ZodObject, content: Json): Json => ({
  get: {
    operationId: id,
    summary,
    parameters: queryParameters(query),
    responses: {
      "200": { description: "Rows, as they are taken; an answer that breaks off is not whole.", content },
      "400": fault("A parameter is none."),
      "403": fault("This needs the role auditor."),
      "404": fault("There is no such finding."),
      "406": fault("There is no such format."),
      "503": fault("Too many exports run, or accesses cannot be noted."),
    },
  },
});

/** What auditors take, for the document of the API. */
export const evidencePaths = (): Json => ({
  "/api/v1/export": operation(
    "exportRows",
    "Kept calls or their operations, streamed in the format that is accepted; noted in the audit.",
    ExportQuery,
    Object.fromEntries(Object.keys(EXPORT_TYPES).map((type) => [type, text])),
  ),
  "/api/v1/audit": operation(
    "listAccesses",
    "Who read calls, exported, took lists away or signed in; each line names the hash of the one before.",
    AuditQuery,
    { "application/x-ndjson": text },
  ),
});
