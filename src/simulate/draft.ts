import type { Api, App, Backend, Operation, Tenant } from "./tenant.ts";

/** How long before its end a token is renewed by an application that does it right. */
export const RENEWED_EARLY_MS = 300_000;

export interface Token {
  issuer: string;
  audience: string;
  version: string;
  keyId: string;
  roles: string;
  scopes: string;
  issued: number;
  expires: number;
}

export interface CosmosStep {
  operation: string;
  resourceType: string;
  container: string;
  status: number;
  credential: string;
  principal: string | undefined;
  client: string;
  region: string;
}

/** A call before it is written: faults change it. Times are Unix milliseconds. */
export interface Draft {
  readonly id: string;
  readonly at: number;
  readonly app: App;
  readonly api: Api;
  readonly operation: Operation;
  readonly region: string;
  backend: Backend;
  address: string;
  userAgent: string;
  revision: string;
  subscription: string | undefined;
  token: Token | undefined;
  /** The gateway validated the token. */
  validated: boolean;
  status: number;
  backendStatus: number | undefined;
  error: { source: string; reason: string; message: string } | undefined;
  subStatus: number | undefined;
  body: string | undefined;
  /** `WWW-Authenticate` of the backend's answer. */
  challenge: string | undefined;
  steps: CosmosStep[];
  /** Name of the fault that refused it. */
  fault: string | undefined;
  totalMs: number;
}

/** The gateway refuses: nothing behind it is reached. */
export function refuseAtGateway(
  draft: Draft,
  error: { status: 401 | 403; source: string; reason: string; message: string },
): void {
  draft.status = error.status;
  draft.error = { source: error.source, reason: error.reason, message: error.message };
  draft.backendStatus = undefined;
  draft.validated =
    draft.validated &&
    error.source !== "validate-jwt" &&
    error.source !== "authorization" &&
    error.source !== "ip-filter";
  draft.steps = [];
  draft.body = undefined;
  draft.subStatus = undefined;
}

/** The backend itself refuses, before it asks Cosmos DB. */
export function refuseAtBackend(
  draft: Draft,
  status: 401 | 403,
  told: { readonly body?: string; readonly challenge?: string } = {},
): void {
  draft.body = told.body;
  draft.challenge = told.challenge;
  draft.status = status;
  draft.backendStatus = status;
  draft.steps = [];
}

/** Cosmos DB refuses the step at `at`; what would come after it does not happen. */
export function refuseAtCosmos(
  draft: Draft,
  answer: { status: 401 | 403; subStatus?: number; message?: string; at?: number },
): void {
  const at = Math.min(answer.at ?? draft.steps.length - 1, draft.steps.length - 1);
  const step = draft.steps[at];
  if (step === undefined) return;
  step.status = answer.status;
  draft.steps = draft.steps.slice(0, at + 1);
  draft.status = answer.status;
  draft.backendStatus = answer.status;
  draft.subStatus = answer.subStatus;
  draft.body = answer.message;
}

export const issuerOf = (tenant: Tenant, version: string): string =>
  version === "1.0"
    ? `https://sts.windows.net/${tenant.tenantId}/`
    : `https://login.microsoftonline.com/${tenant.tenantId}/v2.0`;
