import { isGateways, writesSecret } from "../../correlate/changes.ts";
import { networkOf } from "../../correlate/network.ts";
import type { Dimension } from "../../model/call.ts";
import type { CauseId, Evidence } from "../../model/cause.ts";
import type { SignIn } from "../../model/event.ts";
import { type Observation, valuesOf } from "../observation.ts";
import type { SignSeen } from "../signs.ts";
import {
  bestSplitEvidence,
  type CauseRule,
  changeBefore,
  changeEvidence,
  inapplicable,
  type Judgement,
  isOneCallers,
  rejected,
  says,
  shareOfFacts,
  signEvidence,
} from "./judgement.ts";
import { keyShare } from "./operations.ts";

const HOUR = 3_600_000;
/** A named value is read anew from Key Vault within four hours (learn.microsoft.com/azure/api-management/api-management-howto-properties). */
const REFRESH_MS = 4 * HOUR + 600_000;
/** A vault that refuses the gateway shows in the calls only when the value that is cached stops being right. */
const UNREAD_MS = 24 * HOUR;
const SLACK_MS = 180_000;
const ASKED_AGAIN_MS = 600_000;

/** Refused with a shared secret: the backend's own, or an account key of Cosmos DB. */
function maySecret(observation: Observation): boolean {
  const { layer, reason } = observation;
  if (layer === "backend") return reason === "401" || reason === "403";
  if (layer !== "cosmos" || (keyShare(observation) ?? 1) < FEW_KEYS) return false;
  return reason === "wrong-key" || reason === "401";
}

/** Of the refused whose credential is known: the others came with a token, which no secret stands for. */
const FEW_KEYS = 0.2;

/** A secret that was replaced stops being right at once, or when the old one is switched off. */
const PROMPT_MS = 1_200_000;
const isPrompt = (write: SignSeen | undefined): boolean => write !== undefined && write.lagMs <= PROMPT_MS;

const WHOLLY = 0.6;
/** Of a secret that the gateway was not seen to read, only what it would explain in full speaks. */
const ALWAYS = 0.85;

/** A wrong secret is refused always, wherever it is sent. */
const wholly = ({ inside }: Observation): number => (inside >= WHOLLY ? 1 : 0.35);

/** A wrong secret is answered with 401, seldom with 403: that long after the write, rather not. */
const asAnswered = (observation: Observation, write: SignSeen | undefined): number => {
  if (shareOfFacts(observation, ({ status }) => status === 403) <= 0.5) return 1;
  return isPrompt(write) ? 0.75 : 0.7;
};

/** An application calls Cosmos DB for the gateway: what it signs with is seldom what the gateway reads from a vault. */
const notItself = (observation: Observation): number => (callsItself(observation) === false ? 0.6 : 1);

/** Cosmos DB's SDKs, which a gateway does not have (learn.microsoft.com/azure/cosmos-db/nosql/sdk-dotnet-v3 and its siblings). */
const SDK = /cosmos/i;

/** Whether the gateway calls Cosmos DB itself, by the backend's name or by the SDK that calls; undefined where neither is known. */
function callsItself(observation: Observation): boolean | undefined {
  const backends = valuesOf(observation, "backend");
  const accounts = valuesOf(observation, "cosmosAccount");
  if (observation.layer !== "cosmos") return undefined;
  if (backends.length === 0) return isBySdk(observation) ? false : undefined;
  if (accounts.length === 0) return undefined;
  return backends.some((backend) => accounts.some((account) => backend.toLowerCase().includes(account)));
}

/** Operations that Cosmos DB's log alone tells of have its clients' user agents. */
function isBySdk(observation: Observation): boolean {
  const agents = observation.values("userAgentFamily");
  return agents.length > 0 && observation.values("api").length === 0 && agents.every(({ value }) => SDK.test(value));
}

interface Trail {
  /** The last write of a secret before the onset: of the vault that refused the gateway, where one did. */
  readonly write: SignSeen | undefined;
  /** The gateway is known to read that secret. */
  readonly isRead: boolean;
  /** The vault refused the gateway; not another vault than that of a secret which the gateway reads and which was written. */
  readonly denied: SignSeen | undefined;
}

function trailOf({ signs }: Observation): Trail {
  const within = ({ lagMs }: SignSeen, most: number): boolean => lagMs >= -SLACK_MS && lagMs <= most;
  const writes = signs.filter(
    (seen) =>
      seen.sign.kind === "secret-access" &&
      seen.sign.status < 400 &&
      writesSecret(seen.sign) &&
      within(seen, REFRESH_MS),
  );
  const ofGateway = signs.filter(({ sign }) => sign.kind === "secret-access" && isGateways(sign));
  const isRead = (write: SignSeen): boolean =>
    secretOf(write) !== undefined && ofGateway.some((seen) => secretOf(seen) === secretOf(write));
  // What is cached stops being right before the gateway comes to ask again.
  const denials = ofGateway.filter(
    ({ sign, lagMs }) =>
      sign.kind === "secret-access" &&
      [401, 403].includes(sign.status) &&
      lagMs >= -ASKED_AGAIN_MS &&
      lagMs <= UNREAD_MS,
  );
  // A secret that the gateway reads and that was written a moment before explains more than another vault's, hours before.
  const other = writes.find((write) => isPrompt(write) && isRead(write));
  const ofSameVault = denials.find((denial) =>
    writes.some((write) => vaultOf(write) === vaultOf(denial) && (other === undefined || isPrompt(write))),
  );
  const denied = ofSameVault ?? (writes.some(isRead) ? undefined : denials[0]);
  const ofVault = writes.find((seen) => denied !== undefined && vaultOf(seen) === vaultOf(denied));
  const write = ofVault ?? writes.find(isRead) ?? writes[0];
  return { write, isRead: write !== undefined && isRead(write), denied };
}

const secretOf = ({ sign }: SignSeen): string | undefined => (sign.kind === "secret-access" ? sign.secret : undefined);
const vaultOf = ({ sign }: SignSeen): string | undefined => (sign.kind === "secret-access" ? sign.vault : undefined);

function judgeDenied(observation: Observation): Judgement {
  if (!maySecret(observation)) return inapplicable;
  const { denied, write: last } = trailOf(observation);
  if (denied === undefined) return rejected("Key Vault was not seen to refuse the gateway");
  const write = last !== undefined && vaultOf(last) === vaultOf(denied) ? last : undefined;
  const evidence: Evidence[] = [signEvidence(denied), ...(write === undefined ? [] : [signEvidence(write)])];
  return {
    kind: "fits",
    confidence:
      (write === undefined ? 0.6 : isPrompt(write) ? 0.95 : 0.75) *
      wholly(observation) *
      notItself(observation) *
      asAnswered(observation, write),
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
  if (isOneCallers(observation)) return rejected("nearly all refusals come from one caller, and others are let in");
  if (!isRead && observation.period() !== undefined)
    return rejected("the refusals come and go in a rhythm, as a wrong secret does not");
  const evidence: Evidence[] = [
    ...(write === undefined ? [] : [signEvidence(write)]),
    ...(change === undefined ? [] : [changeEvidence(change)]),
  ];
  return {
    kind: "fits",
    confidence:
      (isRead ? (isPrompt(write) ? 0.93 : 0.7) : isPrompt(write) ? 0.65 : 0.5) *
      wholly(observation) *
      (isRead || observation.inside >= ALWAYS ? 1 : 0.5) *
      notItself(observation) *
      asAnswered(observation, write),
    evidence: [...evidence, ...bestSplitEvidence(observation)],
    missing: isRead ? [] : [GATEWAY_READS],
  };
}

/** A secret that a gateway reads was written before the onset: it may still hold the old one. */
export const mayBeStale = (observation: Observation): boolean => {
  if (callsItself(observation) === false) return false;
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

/** Of the refusals, what must be of the identity that cannot sign in. */
const THEIRS = 0.8;

/** Failed sign-ins that began around the onset; `ours` where they are of the identity of most refused calls. */
function signInsOf(observation: Observation, codes: readonly number[]): { seen: SignSeen; ours: boolean } | undefined {
  const near = observation.signs.filter(
    ({ sign, lagMs }) =>
      sign.kind === "sign-in" && codes.includes(sign.errorCode) && lagMs <= TOKEN_LIFE_MS && lagMs >= -TOKEN_LIFE_MS,
  );
  const isOurs = ({ sign, addresses }: SignSeen): boolean =>
    sign.kind === "sign-in" && shareOfIdentity(observation, sign, addresses) >= THEIRS;
  const seen = near.find(isOurs) ?? near[0];
  return seen === undefined ? undefined : { seen, ours: isOurs(seen) };
}

/** Of the refusals, how many must name their caller: not each API may log it. */
const NAMED = 0.3;

/** Share of the refusals that are of the identity, of those that name one: as the caller, or as the backend that calls on. */
function shareOfIdentity(
  observation: Observation,
  { appId, principal, name }: SignIn,
  addresses: ReadonlySet<string>,
): number {
  const sum = (dimension: Dimension, test: (value: string) => boolean): number =>
    observation
      .values(dimension)
      .filter(({ value }) => test(value))
      .reduce((total, { share }) => total + share, 0);
  const isBackend = (backend: string): boolean =>
    isNamed(name, backend) ||
    (principal !== undefined && observation.known("cosmosPrincipal", { backend }).includes(principal));
  const ofNamed = (dimension: Dimension, wanted: string | undefined): number => {
    const named = sum(dimension, () => true);
    return named < NAMED ? 0 : sum(dimension, (value) => value === wanted) / named;
  };
  return Math.max(
    ofNamed("appId", appId),
    ofNamed("principal", principal),
    sum("backend", isBackend),
    tellsCallers(observation) ? 0 : sum("callerNetwork", (network) => [...addresses].some((one) => isAt(one, network))),
  );
}

/** The claims of the refused calls name their callers; else only the addresses that the sign-ins came from can. */
const tellsCallers = (observation: Observation): boolean =>
  observation.values("appId").length > 0 || observation.values("principal").length > 0;

const isAt = (address: string, network: string): boolean => network === address || network === networkOf(address);

const SHORTEST_NAME = 5;

/** The application is called like a backend or a part of its host's name, or a backend's host like it. */
function isNamed(name: string | undefined, backend: string): boolean {
  const text = name?.toLowerCase() ?? "";
  const host = backend.toLowerCase();
  if (text.length < SHORTEST_NAME) return false;
  return host.startsWith(text) || text.startsWith(host) || host.split(/[.-]/).includes(text);
}

/** Sign-ins of an identity of the refused calls fail since about the onset. */
export const cannotSignIn = (observation: Observation): boolean =>
  mayLackToken(observation) &&
  [...CODES.secret.codes, ...CODES.access.codes].some((code) => {
    const signIn = signInsOf(observation, [code]);
    return signIn !== undefined && (signIn.ours || beginTogether(observation, signIn.seen));
  });

/** Refusals that a missing or old token can cause. */
function mayLackToken({ layer, reason }: Observation): boolean {
  if (layer === "backend") return true;
  if (layer === "cosmos") return reason === "token-expired" || reason === "401";
  return ["TokenExpired", "TokenNotPresent", "401", "JwtInvalid"].includes(reason);
}

/** A backend whose identity no log tells, all of whose calls fail since the sign-ins do, or some of whose calls fail with them. */
const mayBeOthers = (observation: Observation, seen: SignSeen): boolean =>
  observation.layer === "backend" &&
  ((observation.inside >= WHOLLY && Math.abs(seen.lagMs) <= PROMPT_MS) || beginTogether(observation, seen));

const TOGETHER_MS = 120_000;
const REPEATED = 3;

/** Sign-ins of somebody fail again and again from the moment on that a backend's token is refused: they are likely the backend's. */
const beginTogether = (observation: Observation, seen: SignSeen): boolean =>
  observation.layer === "backend" &&
  observation.reason === "401" &&
  seen.count >= REPEATED &&
  Math.abs(seen.lagMs) <= TOGETHER_MS;

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
  if (!told && signIn?.ours === false && !mayBeOthers(observation, signIn.seen))
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
    confidence:
      told || signIn?.ours === true
        ? 0.96
        : signIn !== undefined && beginTogether(observation, signIn.seen)
          ? 0.75
          : 0.55,
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
