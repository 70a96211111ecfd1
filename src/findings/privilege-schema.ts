import { z } from "zod";

const text = z.string();
const count = z.int().nonnegative();
const share = z.number().min(0).max(1);

const role = z.strictObject({
  roleDefinition: z.strictObject({
    Id: text,
    RoleName: text,
    Type: z.enum(["CustomRole", "BuiltInRole"]),
    AssignableScopes: z.array(text),
    Permissions: z.array(z.strictObject({ DataActions: z.array(text) })),
  }),
  assignments: z.array(z.strictObject({ scope: text })),
});

const abstention = z.strictObject({
  id: z.enum([
    "not-enough-exposure",
    "new-grant",
    "log-gap",
    "group-grant",
    "grants-incomplete",
    "unknown-definition",
    "inner-operations-unknown",
    "denied-within-grant",
    "shared-identity",
    "too-many-assignments",
    "management-needed",
  ]),
  says: text,
});

/** The `privilege` of a finding, with its instants in the form of `instant`. */
export const privilegeSchema = <I extends z.ZodType>(instant: I) =>
  z.strictObject({
    granted: z.array(z.strictObject({ assignment: text, role: text, scope: text, actions: z.array(text) })),
    used: z.array(
      z.strictObject({
        action: text.meta({ description: "Data action, or in brackets what is none." }),
        container: text.meta({ description: "Scope of the use; / for the account." }),
        succeeded: count,
        denied: count,
        other: count,
        lastUsed: instant.nullable(),
      }),
    ),
    unused: z.array(
      z.strictObject({
        action: text,
        scope: text,
        except: z.array(text).meta({ description: "Places under the scope where the action is used." }),
      }),
    ),
    recommended: role.extend({ further: z.array(role) }).nullable(),
    replay: z.strictObject({
      calls: count,
      wouldBeDenied: count,
      examples: z.array(z.strictObject({ action: text, container: text, calls: count, from: instant, to: instant })),
    }),
    exposure: z.strictObject({
      from: instant,
      to: instant,
      gaps: z.array(z.strictObject({ from: instant, to: instant })),
      days: count.meta({ description: "Days observed, gaps left out." }),
      enough: z.boolean(),
    }),
    abstains: z.array(abstention),
    score: z.number().min(0).max(100),
    confidence: share,
    commands: z.strictObject({ apply: z.array(text), rollback: z.array(text) }),
    bicep: z.strictObject({ apply: text, rollback: text }),
    plan: z.array(z.strictObject({ step: text, says: text, days: count })),
    clients: z.array(
      z.strictObject({
        network: text,
        userAgent: text,
        credential: text,
        calls: count,
        firstUsed: instant,
        lastUsed: instant,
      }),
    ),
    omitted: z.strictObject({ used: count, unused: count, clients: count }),
  });
