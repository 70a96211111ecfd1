import { readFileSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { resolveSecret } from "../config/secret.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { EpochMs } from "../model/time.ts";
import type { AccessOptions } from "../server/access/access.ts";
import type { IdentityProvider } from "../server/access/bearer.ts";
import { createSessions } from "../server/access/sessions.ts";
import type { SignInOptions } from "../server/access/sign-in.ts";
import type { Tls } from "../server/listen.ts";
import type { Logger } from "../telemetry/log.ts";
import { configuredKey, viewerKey, viewerPseudonyms } from "./viewer-pseudonyms.ts";

/** Where the dashboard answers and whom, as configured. */
export interface Serving {
  readonly host: string;
  readonly tls?: Tls | undefined;
  /** Host names beside those of loopback. */
  readonly hosts: readonly string[];
  readonly hasMcp: boolean;
  readonly access?: AccessOptions | undefined;
  readonly signIn?: SignInOptions | undefined;
}

/** A page that is open asks twice a second at most. */
const RATE = { perSecond: 10, burst: 100 } as const;

type OpenId = NonNullable<NonNullable<Config["server"]["auth"]>["openId"]>;

/** Reads certificates and secrets; a fault names the key, never a value. */
export function buildServing(
  config: Config,
  context: { readonly environment: NodeJS.ProcessEnv; readonly now: () => EpochMs; readonly log: Logger },
): Result<Serving, readonly string[]> {
  const { server, publicUrl } = config;
  const tls = tlsOf(server.tls);
  const secret = server.auth?.openId?.clientSecret;
  const clientSecret = secret === undefined ? ok(undefined) : resolveSecret(secret, context.environment);
  const faults = [
    ...(tls.ok ? [] : [tls.error]),
    ...(clientSecret.ok ? [] : [`server.auth.openId.clientSecret: ${clientSecret.error}`]),
  ];
  if (faults.length > 0 || !tls.ok || !clientSecret.ok) return err(faults);
  const own = publicUrl === undefined ? [] : [new URL(publicUrl).host];
  const base = { host: server.host, tls: tls.value, hosts: [...server.hosts, ...own], hasMcp: server.mcp };
  const { auth } = server;
  if (auth === undefined) return ok(base);
  const { openId } = auth;
  const key = pseudonymKeyOf(config, auth.pseudonymKey, context.environment);
  if (!key.ok) return err([key.error]);
  const canSignIn = openId?.browser === true && publicUrl !== undefined;
  const sessions = canSignIn ? createSessions() : undefined;
  const { now, log } = context;
  const access: AccessOptions = {
    now,
    sessions,
    pseudonyms: viewerPseudonyms(key.value),
    log: ({ what, ...event }) => log.info(event, what),
    rate: RATE,
    tokens: auth.tokens.map(({ name, sha256, roles, expires }) => ({
      name,
      sha256,
      roles,
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      expires: expires === undefined ? undefined : (Date.parse(expires) as EpochMs),
    })),
    provider: openId === undefined ? undefined : providerOf(openId),
  };
  if (openId === undefined || sessions === undefined || publicUrl === undefined) return ok({ ...base, access });
  const signIn: SignInOptions = {
    issuer: issuerOf(openId),
    clientId: openId.clientId,
    clientSecret: clientSecret.value,
    publicUrl,
    roles: openId.roles,
    sessions,
    now,
    onSignIn: (who, problem) =>
      problem === undefined ? log.info({ who }, "signed in") : log.warn({ who, because: problem }, "not signed in"),
  };
  return ok({ ...base, access, signIn });
}

/** Machines that take over from each other share the key by reference: it leads back to people, and does not go where their copy of the state does. */
function pseudonymKeyOf(
  { standby, state }: Config,
  reference: string | undefined,
  environment: NodeJS.ProcessEnv,
): Result<Uint8Array, string> {
  const file = `${state}.pseudonym-key`;
  if (reference === undefined && standby !== undefined)
    return err(
      `server.auth.pseudonymKey is needed with standby: each machine would make a key of its own, and pseudonyms would change with each takeover. Give all machines the same, as env:NAME or file:/path; one that had no standby goes on with the text in ${file}.`,
    );
  const key = reference === undefined ? viewerKey(file) : configuredKey(reference, environment);
  return key.ok || reference === undefined ? key : err(`server.auth.pseudonymKey: ${key.error}`);
}

const ENTRA = "https://login.microsoftonline.com";

const issuerOf = ({ tenant, issuer }: OpenId): string => issuer ?? `${ENTRA}/${tenant ?? ""}/v2.0`;

const providerOf = (openId: OpenId): IdentityProvider => ({
  issuer: issuerOf(openId),
  audience: openId.audience ?? openId.clientId,
  jwksUri: openId.jwksUri ?? `${ENTRA}/${openId.tenant ?? ""}/discovery/v2.0/keys`,
  roles: openId.roles,
});

function tlsOf(files: Config["server"]["tls"]): Result<Tls | undefined, string> {
  if (files === undefined) return ok(undefined);
  try {
    return ok({ cert: readFileSync(files.cert, "utf8"), key: readFileSync(files.key, "utf8") });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    return err(`server.tls: a file cannot be read (${code}). Check cert and key.`);
  }
}
