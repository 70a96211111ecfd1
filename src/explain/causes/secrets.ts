import { isGateways, writesSecret } from "../../correlate/changes.ts";
import type { CauseId, Evidence } from "../../model/cause.ts";
import type { Observation } from "../observation.ts";
import type { SignSeen } from "../signs.ts";
import {
  bestSplitEvidence,
  type CauseRule,
  changeBefore,
  changeEvidence,
  inapplicable,
  type Judgement,
  manyCallers,
  rejected,
  says,
  shareOfFacts,
  signEvidence,
} from "./judgement.ts";

const HOUR = 3_600_000;
/** A named value is read anew from Key Vault within four hours (learn.microsoft.com/azure/api-management/api-management-howto-properties). */
const REFRESH_MS = 4 * HOUR + 600_000;
/** A vault that refuses the gateway shows in the calls only when the value that is cached stops being right. */
const UNREAD_MS = 24 * HOUR;
const SLACK_MS = 180_000;

/** Refused with a shared secret: the backend's own, or an account key of Cosmos DB. */
function maySecret({ layer, reason }: Observation): boolean {
  if (layer === "backend") return reason === "401" || reason === "403";
  return layer === "cosmos" && (reason === "wrong-key" || reason === "401");
}

interface Trail {
  /** The last write of a secret before the onset, or a change of a named value. */
  readonly write: SignSeen | undefined;
  /** The gateway is known to read that secret. */
  readonly isRead: boolean;
  /** The vault refused the gateway. */
  readonly denied: SignSeen | undefined;
}

function trailOf({ signs }: Observation): Trail {
  const within = ({ lagMs }: SignSeen, most: number): boolean => lagMs >= -SLACK_MS && lagMs <= most;
  const write = signs.find(
    (seen) =>
      seen.sign.kind === "secret-access" &&
      seen.sign.status < 400 &&
      writesSecret(seen.sign) &&
      within(seen, REFRESH_MS),
  );
  const secretOf = (seen: SignSeen | undefined): string | undefined =>
    seen?.sign.kind === "secret-access" ? seen.sign.secret : undefined;
  const ofGateway = signs.filter(({ sign }) => sign.kind === "secret-access" && isGateways(sign));
  const denied = ofGateway.find(
    (seen) => seen.sign.kind === "secret-access" && [401, 403].includes(seen.sign.status) && within(seen, UNREAD_MS),
  );
  const isRead = secretOf(write) !== undefined && ofGateway.some((seen) => secretOf(seen) === secretOf(write));
  return { write, isRead, denied };
}

function judgeDenied(observation: Observation): Judgement {
  if (!maySecret(observation)) return inapplicable;
  const { denied, write } = trailOf(observation);
  if (denied === undefined) return rejected("Key Vault was not seen to refuse the gateway");
  const evidence: Evidence[] = [signEvidence(denied), ...(write === undefined ? [] : [signEvidence(write)])];
  return {
    kind: "fits",
    confidence: write === undefined ? 0.85 : 0.95,
    evidence: [...evidence, ...bestSplitEvidence(observation)],
  };
}

function judgeStale(observation: Observation): Judgement {
  if (!maySecret(observation)) return inapplicable;
  const { denied, write, isRead } = trailOf(observation);
  if (denied !== undefined) return rejected("Key Vault refused the gateway, so that it could not read the new version");
  const change = changeBefore(observation, ["secret-version", "secret-disabled", "named-value"], REFRESH_MS);
  if (write === undefined && change === undefined)
    return rejected("no secret was seen to be written in the four hours before");
  if (!manyCallers(observation) && observation.values("appId").length > 1)
    return rejected("nearly all refusals come from one caller");
  const evidence: Evidence[] = [
    ...(write === undefined ? [] : [signEvidence(write)]),
    ...(change === undefined ? [] : [changeEvidence(change)]),
  ];
  return {
    kind: "fits",
    confidence: isRead ? 0.93 : write === undefined ? 0.6 : 0.8,
    evidence: [...evidence, ...bestSplitEvidence(observation)],
    missing: isRead ? [] : [GATEWAY_READS],
  };
}

/** A secret that a gateway reads was written before the onset: it may still hold the old one. */
export const mayBeStale = (observation: Observation): boolean => {
  const { write, isRead, denied } = trailOf(observation);
  return denied !== undefined || (write !== undefined && isRead);
};

const GATEWAY_READS = {
  field: "Key Vault AuditEvent",
  fix: "Send the vault's AuditEvent log here for longer than four hours: it shows which secret the gateway reads, and when.",
};

const SIGN_IN = {
  field: "ServicePrincipalSignInLogs",
  fix: "Send Entra's ServicePrincipalSignInLogs here: they hold the error code of the sign-in that failed.",
};

/** Error codes of Entra (learn.microsoft.com/entra/identity-platform/reference-error-codes). */
const CODES: Readonly<Record<"secret" | "access", { codes: readonly number[]; words: readonly string[] }>> = {
  secret: {
    codes: [7_000_222, 7_000_215, 7_000_216, 700_027],
    words: ["aadsts7000222", "aadsts7000215", "aadsts700027"],
  },
  access: { codes: [53_000, 53_001, 53_002, 53_003, 53_004, 530_003], words: ["aadsts53003", "conditional access"] },
};

/** A token lasts about this long after the sign-in that would have renewed it failed. */
const TOKEN_LIFE_MS = 90 * 60_000;

/** Failed sign-ins that began around the onset; `ours` where they are of an identity of the refused calls. */
function signInsOf(observation: Observation, codes: readonly number[]): { seen: SignSeen; ours: boolean } | undefined {
  const appIds = new Set(observation.values("appId").map(({ value }) => value));
  const apis = observation.values("api").map(({ value }) => value);
  const principals = new Set([
    ...observation.values("principal").map(({ value }) => value),
    ...(apis.length === 0 ? [] : observation.seen("cosmosPrincipal", { api: apis })),
  ]);
  const near = observation.signs.filter(
    ({ sign, lagMs }) =>
      sign.kind === "sign-in" && codes.includes(sign.errorCode) && lagMs <= TOKEN_LIFE_MS && lagMs >= -TOKEN_LIFE_MS,
  );
  const isOurs = ({ sign }: SignSeen): boolean =>
    sign.kind === "sign-in" && (appIds.has(sign.appId ?? "") || principals.has(sign.principal ?? ""));
  const seen = near.find(isOurs) ?? near[0];
  return seen === undefined ? undefined : { seen, ours: isOurs(seen) };
}

/** Refusals that a missing or old token can cause. */
function mayLackToken({ layer, reason }: Observation): boolean {
  if (layer === "backend") return true;
  if (layer === "cosmos") return reason === "token-expired" || reason === "401";
  return ["TokenExpired", "TokenNotPresent", "401", "JwtInvalid"].includes(reason);
}

function judgeSignIn(observation: Observation, kind: keyof typeof CODES): Judgement {
  const { codes, words } = CODES[kind];
  const share = shareOfFacts(observation, ({ message }) => {
    const text = message?.toLowerCase();
    return text === undefined ? undefined : words.some((word) => text.includes(word));
  });
  const told = share >= 0.3 && says(observation, ...words);
  if (!told && !mayLackToken(observation)) return inapplicable;
  const signIn = signInsOf(observation, codes);
  if (!told && signIn === undefined) return rejected("no sign-in was seen to fail for that reason");
  if (!told && signIn?.ours === false && observation.layer !== "backend")
    return rejected("the sign-ins that failed are of other applications");
  const evidence: readonly Evidence[] = told
    ? [
        {
          says: "The answer holds Entra's error of the sign-in that failed",
          fields: { share: Number(share.toFixed(2)) },
        },
      ]
    : [];
  return {
    kind: "fits",
    confidence: told ? 0.96 : signIn?.ours === true ? 0.95 : 0.7,
    evidence: [
      ...evidence,
      ...(signIn === undefined ? [] : [signEvidence(signIn.seen)]),
      ...bestSplitEvidence(observation),
    ],
    missing: signIn === undefined ? [SIGN_IN] : [],
  };
}

const rule = (id: CauseId, names: CauseRule["names"], judge: CauseRule["judge"]): CauseRule => ({
  id,
  names,
  alone: true,
  judge,
});

/** Causes that lie in secrets, their vault, and the sign-ins that use them. */
export const secretCauses: readonly CauseRule[] = [
  rule("named-value-stale-secret", ["api", "backend", "operation", "credential"], judgeStale),
  rule("gateway-cannot-read-key-vault", ["api", "backend", "region", "credential"], judgeDenied),
  rule("client-secret-expired", ["appId", "backend", "clientNetwork", "callerNetwork", "api"], (observation) =>
    judgeSignIn(observation, "secret"),
  ),
  rule("conditional-access-blocked", ["appId", "callerNetwork", "backend", "clientNetwork", "api"], (observation) =>
    judgeSignIn(observation, "access"),
  ),
];
