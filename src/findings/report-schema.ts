import { z } from "zod";
import { privilegeSchema } from "../findings/privilege-schema.ts";
import { CAUSES, PRIVILEGE_CAUSES } from "../model/cause.ts";
import { DIMENSIONS } from "../model/call.ts";
import { CLOSED_REASONS, GATEWAY_KINDS, PRIVILEGE_KINDS } from "../model/finding.ts";

const count = z.int().nonnegative();
const share = z.number().min(0).max(1);
const instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/)
  .meta({ description: "Event time, UTC, 100 ns digits." });
const where = z.strictObject(Object.fromEntries(DIMENSIONS.map((dimension) => [dimension, z.string().optional()])));

const split = z.strictObject({
  where: where.meta({ description: "What the calls have in common." }),
  refusedInside: share.meta({ description: "Refused share among calls with `where`." }),
  refusedOutside: share.meta({ description: "Refused share among the others." }),
  calls: count,
  refused: count,
  interval: z.array(share).length(2).meta({ description: "Wilson 95 % interval of refusedInside." }),
  pAdjusted: share.meta({ description: "p-value of the difference, corrected for the number of comparisons." }),
});

const evidence = z.strictObject({ says: z.string(), fields: z.record(z.string(), z.union([z.string(), z.number()])) });

const causeId = z.enum([...CAUSES, ...PRIVILEGE_CAUSES]);
const cause = z.strictObject({
  id: causeId,
  confidence: share,
  evidence: z.array(evidence),
  rejected: z.array(z.strictObject({ id: causeId, because: z.string() })),
  missing: z.array(z.strictObject({ field: z.string(), fix: z.string() })),
});

const subject = z.strictObject({
  principal: z.string().optional(),
  principalKind: z
    .enum(["service-principal", "managed-identity", "user", "account-key", "subscription", "claimed", "unknown"])
    .optional(),
  api: z.string().optional(),
  operation: z.string().optional(),
  product: z.string().optional(),
  account: z.string().optional(),
  database: z.string().optional(),
  container: z.string().optional(),
});

/** A finding as the published JSON has it. */
export const FindingSchema = z.strictObject({
  id: z.string().regex(/^F-[0-9A-Z]{10}$/),
  kind: z.enum(["intermittent-refusal", "source-gap", ...PRIVILEGE_KINDS, ...GATEWAY_KINDS]),
  severity: z.enum(["low", "medium", "high"]),
  status: z.enum(["open", "resolved", "muted"]),
  closed: z
    .strictObject({ because: z.enum(CLOSED_REASONS), says: z.string() })
    .optional()
    .meta({ description: "Why a finding about what is held is not open." }),
  title: z.string(),
  subject,
  onset: instant,
  end: instant.nullable(),
  detectedAt: instant,
  counts: z.strictObject({
    calls: count,
    refused: count,
    status: z.strictObject({ "401": count, "403": count }),
    usualRate: share,
  }),
  layer: z.enum(["gateway", "backend", "cosmos"]),
  splits: z.array(split),
  cause,
  fix: z.strictObject({ says: z.string(), commands: z.array(z.string()) }),
  privilege: privilegeSchema(instant).nullable(),
  samples: z.strictObject({ refused: z.array(z.string()), succeeded: z.array(z.string()) }),
});

/** The shape of `analyze --json`; unknown members are an error. */
export const ReportSchema = z.strictObject({
  schema: z.literal("scopetrail.report/1"),
  input: z.strictObject({
    bytes: count,
    records: count.meta({ description: "accepted + duplicate + filtered + rejected, always." }),
    accepted: count,
    duplicate: count,
    filtered: count,
    rejected: count,
    byCategory: z.record(z.string(), count),
    rejects: z.array(
      z.strictObject({ stage: z.enum(["decode", "normalize"]), reason: z.string(), count, sample: z.string() }),
    ),
    from: instant.nullable(),
    to: instant.nullable(),
  }),
  correlation: z.strictObject({
    calls: count,
    exact: count,
    inferred: count,
    gatewayOnly: count,
    dataPlaneOnly: count,
  }),
  identity: z.strictObject({ validated: count, key: count, claimed: count, unknown: count }),
  findings: z.array(FindingSchema),
  blindSpots: z.array(z.strictObject({ id: z.string(), scope: z.string(), says: z.string(), fix: z.string() })),
});

/** JSON Schema (2020-12) of `analyze --json`. */
export const reportJsonSchema = (): unknown => z.toJSONSchema(ReportSchema);
