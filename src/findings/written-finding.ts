import { z } from "zod";
import { DIMENSIONS, type Layer } from "../model/call.ts";
import { privilegeSchema } from "./privilege-schema.ts";
import { CAUSES, PRIVILEGE_CAUSES } from "../model/cause.ts";
import { CLOSED_REASONS } from "../model/finding.ts";
import type { FindingKind, FindingStatus, PrincipalKind, Severity } from "../model/finding.ts";
import type { Instant } from "../model/time.ts";

/** A union of the model as a schema: a member without an entry does not compile. */
const oneOf = <T extends string>(members: Readonly<Record<T, true>>): z.ZodType<T> =>
  z.custom<T>((value) => typeof value === "string" && Object.hasOwn(members, value));

/** Kinds grow with the detectors, and what was written came from one: any word of that shape. */
const kind = z.custom<FindingKind>((value) => typeof value === "string" && /^[a-z]+(-[a-z]+)*$/.test(value));
const severity = oneOf<Severity>({ low: true, medium: true, high: true });
const status = oneOf<FindingStatus>({ open: true, resolved: true, muted: true });
const layer = oneOf<Layer>({ gateway: true, backend: true, cosmos: true });
const principalKind = oneOf<PrincipalKind>({
  "service-principal": true,
  "managed-identity": true,
  user: true,
  "account-key": true,
  subscription: true,
  claimed: true,
  unknown: true,
});

const text = z.string();
const optionalText = text.exactOptional();
const cause = z.enum([...CAUSES, ...PRIVILEGE_CAUSES]);

const splitRow = z.strictObject({
  where: z.partialRecord(z.enum(DIMENSIONS), text),
  refusedInside: z.number(),
  refusedOutside: z.number(),
  calls: z.number(),
  refused: z.number(),
  interval: z.tuple([z.number(), z.number()]),
  pAdjusted: z.number(),
});

/** A finding as it was written, with its instants in the form of `instant`; an unknown key is a fault. */
export const writtenFinding = <I extends z.ZodType<Instant>>(instant: I) =>
  z.strictObject({
    id: text,
    kind,
    severity,
    status,
    closed: z.strictObject({ because: z.enum(CLOSED_REASONS), says: text }).exactOptional(),
    title: text,
    subject: z.strictObject({
      principal: optionalText,
      principalKind: principalKind.exactOptional(),
      api: optionalText,
      operation: optionalText,
      product: optionalText,
      account: optionalText,
      database: optionalText,
      container: optionalText,
    }),
    onset: instant,
    end: instant.nullable(),
    detectedAt: instant,
    counts: z.strictObject({
      calls: z.number(),
      refused: z.number(),
      status: z.strictObject({ "401": z.number(), "403": z.number() }),
      usualRate: z.number(),
    }),
    layer,
    splits: z.array(splitRow),
    cause: z.strictObject({
      id: cause,
      confidence: z.number(),
      evidence: z.array(z.strictObject({ says: text, fields: z.record(text, z.union([text, z.number()])) })),
      rejected: z.array(z.strictObject({ id: cause, because: text })),
      missing: z.array(z.strictObject({ field: text, fix: text })),
    }),
    fix: z.strictObject({ says: text, commands: z.array(text) }),
    privilege: privilegeSchema(instant).nullable(),
    samples: z.strictObject({ refused: z.array(text), succeeded: z.array(text) }),
  });
