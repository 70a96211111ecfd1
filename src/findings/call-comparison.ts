import { CALL_COLUMNS, type CallEvidence, columnPlace } from "../model/evidence.ts";
import { formatInstant, instantFromTicks, msBetween } from "../model/time.ts";
import { type CallStory, callStory } from "./call-story.ts";

/** One column of two calls; null where the logs do not tell. */
export interface ComparedPart {
  readonly column: string;
  readonly here: string | null;
  readonly there: string | null;
}

/** Two calls side by side: circumstances, not what came of them. */
export interface ComparedCalls {
  readonly differ: readonly ComparedPart[];
  /** Those that both have alike; what neither log tells is left out. */
  readonly alike: readonly ComparedPart[];
}

/** The last call before it of the same caller's same operation that succeeded, beside it. */
export interface BesideSuccess {
  readonly story: CallStory;
  readonly compared: ComparedCalls;
}

/** A call beside one that succeeded. */
export const besideSuccess = (evidence: CallEvidence, success: CallEvidence): BesideSuccess => ({
  story: callStory(success),
  compared: compareTwo(evidence, success),
});

/** As the published JSON has it; null where no such call is known. */
export const toBesideJson = (success: BesideSuccess | undefined): object | null =>
  success === undefined ? null : { id: success.story.id, time: formatInstant(success.story.time), ...success.compared };

/** What a call brought with it and where it went. */
const COMPARED = [
  "caller_app",
  "caller_object",
  "subscription",
  "product",
  "caller_address",
  "user_agent",
  "token_state",
  "token_issuer",
  "token_audience",
  "token_version",
  "token_key_id",
  "token_scopes",
  "token_roles",
  "gateway",
  "region",
  "gateway_host",
  "api",
  "api_revision",
  "operation",
  "method",
  "backend",
  "account",
  "database",
  "container",
  "cosmos_operation",
  "credential",
  "cosmos_principal",
  "role_assignment",
] as const;

/** A call beside another one. */
function compareTwo(here: CallEvidence, there: CallEvidence): ComparedCalls {
  const parts = [
    ...COMPARED.map((column) => ({ column, here: textOf(here, column), there: textOf(there, column) })),
    { column: "token_age", here: ageOf(here), there: ageOf(there) },
  ].filter((part) => part.here !== null || part.there !== null);
  return { differ: parts.filter(isDifferent), alike: parts.filter((part) => !isDifferent(part)) };
}

const isDifferent = ({ here, there }: ComparedPart): boolean => here !== there;

function textOf({ call }: CallEvidence, column: string): string | null {
  const cell = call[columnPlace(CALL_COLUMNS, column)] ?? null;
  return cell === null ? null : String(cell);
}

/** Whether the token was in its time when the call came; the minutes differ from call to call and tell nothing. */
function ageOf(evidence: CallEvidence): string | null {
  const expires = evidence.call[columnPlace(CALL_COLUMNS, "token_expires")];
  if (typeof expires !== "number") return null;
  const seconds = Math.round(msBetween(evidence.time, instantFromTicks(expires)) / 1_000);
  return seconds > 0 ? `expired ${seconds} s before` : "not expired";
}
