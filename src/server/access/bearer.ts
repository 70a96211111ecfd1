import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from "jose";
import { type Role, rolesOf, type Who } from "./who.ts";

/** The identity provider whose access tokens are believed, Entra by default. */
export interface IdentityProvider {
  /** Exactly as in the tokens' `iss`, with the tenant. */
  readonly issuer: string;
  /** Exactly as in the tokens' `aud`. */
  readonly audience: string;
  readonly jwksUri: string;
  /** Names of the roles in the tokens' `roles`. */
  readonly roles: Readonly<Record<Role, string>>;
}

export type Verified =
  | { readonly kind: "who"; readonly who: Who }
  /** The token is not believed. */
  | { readonly kind: "refused" }
  /** The provider's keys cannot be had: nothing can be said about the token. */
  | { readonly kind: "unreachable" };

const CLOCK_SECONDS = 60;
const KEYS_KEPT_MS = 600_000;
/** Between two looks for a key that is not known: a flood of unknown ones does not reach the provider. */
const COOLDOWN_MS = 30_000;
const LONGEST = 16_384;

/**
 * Verifies access tokens: signature by the provider's own keys with RS256 and nothing else, issuer and audience exactly, and
 * within their time. Keys named by the token itself are not looked at. An ID token is none: it names no client that it was
 * given to.
 */
export function bearerVerifier(provider: IdentityProvider): (token: string) => Promise<Verified> {
  const keys = createRemoteJWKSet(new URL(provider.jwksUri), {
    cacheMaxAge: KEYS_KEPT_MS,
    cooldownDuration: COOLDOWN_MS,
    timeoutDuration: 5_000,
  });
  return async (token) => {
    if (token.length > LONGEST) return { kind: "refused" };
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ["RS256"],
        issuer: provider.issuer,
        audience: provider.audience,
        requiredClaims: ["exp", "iat", "sub"],
        clockTolerance: CLOCK_SECONDS,
      });
      return isAccessToken(payload) ? { kind: "who", who: whoIs(payload, provider) } : { kind: "refused" };
    } catch (error) {
      if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) return { kind: "unreachable" };
      return { kind: "refused" };
    }
  };
}

/** Of Entra: `azp` (version 2) or `appid` (version 1) names the client; an ID token has neither, and has a `nonce`. */
function isAccessToken(payload: JWTPayload): boolean {
  const client = payload["azp"] ?? payload["appid"];
  const issued = (payload.iat ?? 0) * 1_000;
  return typeof client === "string" && payload["nonce"] === undefined && issued <= Date.now() + CLOCK_SECONDS * 1_000;
}

function whoIs(payload: JWTPayload, { roles }: IdentityProvider): Who {
  const id = payload["oid"] ?? payload.sub;
  return { name: typeof id === "string" ? id : "unknown", roles: rolesOf(payload["roles"], roles) };
}
