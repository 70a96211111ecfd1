import { readFile } from "node:fs/promises";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { err, ok, type Result } from "../lib/result.ts";
import { instantFromMs } from "../model/time.ts";
import { KEYS, type PrivilegeException } from "../privileges/exceptions.ts";

const DAY_MS = 86_400_000;

const SUBJECTS = ["principal", "keys", "userAgent"] as const;

const Exception = z
  .strictObject({
    principal: z.guid().optional().meta({ description: "Object id of the principal or group." }),
    keys: z.literal(true).optional().meta({ description: "All keys and resource tokens of the account." }),
    userAgent: z
      .string()
      .regex(/^[^\s/();,]{1,64}$/, "the first word of a user agent, without its version")
      .optional()
      .meta({ description: "A scanner, by the first word of its user agent: what it does is no use." }),
    account: z.string().min(1).optional().meta({ description: "Cosmos DB account; every account without it." }),
    kind: z
      .enum(["accepted", "break-glass"])
      .default("accepted")
      .meta({ description: "break-glass: for emergencies; not using it is right, and using it is a finding." }),
    owner: z.string().min(1).meta({ description: "Who answers for it." }),
    reason: z.string().min(1).meta({ description: "Why it may stay." }),
    expires: z.iso.date().meta({ description: "Last day on which it holds, UTC." }),
  })
  .refine((one) => SUBJECTS.filter((name) => one[name] !== undefined).length === 1, {
    error: "one of principal, keys and userAgent is needed, and only one",
  })
  .refine(({ keys, account }) => keys === undefined || account !== undefined, { error: "keys need an account" })
  .refine(({ userAgent, account, kind }) => userAgent === undefined || (account === undefined && kind === "accepted"), {
    error: "a userAgent has neither account nor kind",
  });

const Exceptions = z.strictObject({ exceptions: z.array(Exception).max(10_000) });

/** Reads exceptions from YAML or JSON; all faults at once, each with its path. */
export async function loadExceptions(path: string): Promise<Result<readonly PrivilegeException[], readonly string[]>> {
  let value: unknown;
  try {
    value = parseYaml(await readFile(path, "utf8"), { maxAliasCount: 50 });
  } catch (error) {
    const says = error instanceof Error ? (error.message.split("\n")[0] ?? "") : "cannot be read";
    return err([`${path}: ${says}. Check the path, and that it is YAML or JSON.`]);
  }
  const parsed = Exceptions.safeParse(value);
  if (!parsed.success)
    return err(
      parsed.error.issues.map((issue) => `${path}: ${issue.path.map(String).join(".") || "(top)"}: ${issue.message}`),
    );
  return ok(
    parsed.data.exceptions.map((one) => ({
      principal: (one.principal ?? one.userAgent ?? KEYS).toLowerCase(),
      account: one.account?.toLowerCase(),
      kind: one.userAgent === undefined ? one.kind : "scanner",
      owner: one.owner,
      reason: one.reason,
      expires: instantFromMs(Date.parse(one.expires) + DAY_MS),
    })),
  );
}
