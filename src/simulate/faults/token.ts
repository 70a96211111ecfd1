import { type Draft, refuseAtGateway, RENEWED_EARLY_MS } from "../draft.ts";
import { busyApp, type Fault, type FaultMaker, steady, tellsApart } from "./fault.ts";

const refuse = (draft: Draft, reason: string, message: string, status: 401 | 403 = 401): void =>
  refuseAtGateway(draft, { status, source: "validate-jwt", reason, message });

const usesTokens = (app: Draft["app"]): boolean => app.apis.some(({ tokens }) => tokens);
const traced = (app: Draft["app"]): boolean => app.apis.every(({ tokens, claims }) => tokens && claims);

/** All instances of an application hold tokens too long, some of them always, or all of them once each life of a token. */
const tokenExpired: FaultMaker = (plan) => {
  const app = busyApp(plan, (one) => usesTokens(one) && tellsApart(one) !== undefined);
  const where = app === undefined ? undefined : tellsApart(app);
  if (app === undefined || where === undefined) return undefined;
  const late = plan.random.int(6, 20) * 60_000;
  const age = (at: number): number => (at + app.phaseMs) % app.tokenLifeMs;
  const sinceEnd = (at: number): number => age(at) - RENEWED_EARLY_MS;
  const first = plan.from - age(plan.from) + app.tokenLifeMs + RENEWED_EARLY_MS;
  const end = plan.random.chance(0.5) ? plan.end : first + app.tokenLifeMs + late;
  const sawtooth = plan.random.chance(0.5) && first + late < plan.end;
  return {
    ...plan,
    ...(sawtooth ? { from: first, to: Math.min(end, plan.end) } : {}),
    cause: "caller-token-expired",
    where,
    affects: (draft) => draft.app === app && draft.token !== undefined,
    severity: (at) => (sawtooth ? (sinceEnd(at) >= 0 && sinceEnd(at) < late ? 0.95 : 0) : 0.5),
    apply: (draft, random) => {
      if (draft.token !== undefined) {
        draft.token.expires = sawtooth ? draft.at - sinceEnd(draft.at) : draft.at - random.int(5, 900) * 1_000;
        draft.token.issued = draft.token.expires - app.tokenLifeMs;
      }
      refuse(draft, "TokenExpired", "JWT token is expired");
    },
    records: [],
  };
};

const FIVE_MINUTES = 300_000;

/** Tokens of a new key: each region of the gateway reads the keys within five minutes, or never where they are pinned. */
const keyRollover: FaultMaker = (plan) => {
  const { random } = plan;
  const keyId = random.hex(24);
  const share = random.pick([0.4, 0.6, 0.8]);
  const pinned = random.chance(0.4);
  const to = pinned ? Math.min(plan.to, plan.from + random.int(10, 20) * 60_000) : plan.from + FIVE_MINUTES;
  const reads = new Map(
    plan.tenant.regions.map((region) => [region, pinned ? to : plan.from + random.int(120, 300) * 1_000]),
  );
  const renew = (draft: Draft): void => {
    if (draft.token !== undefined) draft.token.keyId = keyId;
  };
  return {
    ...plan,
    to,
    cause: "signing-key-rollover",
    where: { keyId },
    affects: (draft) => draft.token !== undefined && draft.api.claims,
    severity: () => share,
    apply: (draft) => {
      renew(draft);
      if (draft.at < (reads.get(draft.region) ?? to))
        refuse(draft, "TokenSignatureKeyNotFound", "JWT signature key was not found in the OpenID configuration");
    },
    ...(pinned ? {} : { afterwards: renew }),
    records: [],
  };
};

const issuerMismatch: FaultMaker = (plan) => {
  const app = busyApp(plan, traced);
  if (app === undefined) return undefined;
  const version = app.version === "1.0" ? "2.0" : "1.0";
  const { tenantId } = plan.tenant;
  const issuer =
    version === "1.0" ? `https://sts.windows.net/${tenantId}/` : `https://login.microsoftonline.com/${tenantId}/v2.0`;
  const others = plan.tenant.apps.some((other) => other.version === version);
  return {
    ...plan,
    cause: "token-issuer-mismatch",
    where: others ? { appId: app.appId } : { issuer },
    affects: (draft) => draft.app === app && draft.token !== undefined,
    severity: steady(plan.random.pick([0.3, 0.6, 1])),
    apply: (draft) => {
      if (draft.token !== undefined) {
        draft.token.version = version;
        draft.token.issuer = issuer;
      }
      refuse(draft, "TokenIssuerNotAllowed", "JWT issuer is not allowed");
    },
    records: [],
  };
};

const audienceMismatch: FaultMaker = (plan) => {
  const app = busyApp(plan, traced);
  if (app === undefined) return undefined;
  const audience = plan.random.pick([
    "https://management.azure.com",
    "00000003-0000-0000-c000-000000000000",
    "api://legacy-gateway",
  ]);
  return {
    ...plan,
    cause: "token-audience-mismatch",
    where: { audience },
    affects: (draft) => draft.app === app && draft.token !== undefined,
    severity: steady(plan.random.pick([0.2, 0.5, 1])),
    apply: (draft) => {
      if (draft.token !== undefined) draft.token.audience = audience;
      refuse(draft, "TokenAudienceNotAllowed", "JWT audience is not allowed");
    },
    records: [],
  };
};

const claimMissing: FaultMaker = (plan) => {
  const app = busyApp(plan, (one) => usesTokens(one) && one.roles !== "" && tellsApart(one) !== undefined);
  const where = app === undefined ? undefined : tellsApart(app);
  if (app === undefined || where === undefined) return undefined;
  const status = plan.random.chance(0.5) ? 403 : 401;
  return {
    ...plan,
    cause: "token-claim-missing",
    where,
    affects: (draft) => draft.app === app && draft.token !== undefined,
    severity: steady(plan.random.pick([0.08, 0.3, 0.6])),
    apply: (draft) => {
      if (draft.token !== undefined) draft.token.roles = "";
      refuse(
        draft,
        plan.random.chance(0.5) ? "TokenClaimNotFound" : "TokenClaimValueNotAllowed",
        "JWT claim roles is missing",
        status,
      );
    },
    records: [],
  };
};

/** Faults of callers' tokens. */
export const tokenFaults: readonly (readonly [Fault["cause"], FaultMaker])[] = [
  ["caller-token-expired", tokenExpired],
  ["signing-key-rollover", keyRollover],
  ["token-issuer-mismatch", issuerMismatch],
  ["token-audience-mismatch", audienceMismatch],
  ["token-claim-missing", claimMissing],
];
