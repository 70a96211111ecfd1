import { createAnalysis } from "../../src/analysis.ts";
import { reportOf } from "../../src/findings/report.ts";
import type { DimensionValues } from "../../src/model/call.ts";
import type { Event, GatewayRequest, SignIn } from "../../src/model/event.ts";
import type { Finding } from "../../src/model/finding.ts";
import { end } from "../../src/pipeline.ts";
import { at, change } from "../builders.ts";
import { follow } from "../follow.ts";
import { type Ordinary, ordinaryCalls } from "../traffic.ts";

export const CALLS = [...ordinaryCalls({ hours: 3, perSecond: 1.5, seed: 11 })];
export const ONSET = 5_000;
export const END = 8_000;

export function analyze(events: readonly Event[]): readonly Finding[] {
  const analysis = createAnalysis({ lateness: 0, seed: 1 });
  follow(analysis, events);
  end(analysis);
  return reportOf(analysis).findings;
}

export type Fault = (call: Ordinary) => readonly Event[] | undefined;

export const during =
  (fault: Fault): Fault =>
  (call) =>
    call.seconds >= ONSET && call.seconds < END ? fault(call) : undefined;
export const orders = ({ gateway }: Ordinary): boolean => gateway.api === "orders";
export const keyed = (call: Ordinary): boolean => !orders(call);

/** Names nobody: neither a key nor a token that anybody checked. */
export function nameless(call: Ordinary): Ordinary {
  const { subscription: _subscription, claims: _claims, ...gateway } = call.gateway;
  return { ...call, gateway };
}

/** A change by a control plane, so many seconds after the first call. */
export const controlPlane = (seconds: number, over: Partial<Parameters<typeof change>[0]>): Event =>
  change({ time: at(seconds), action: "write", ...over });

/** The container of the invoices is deleted and made anew just before the onset. */
export const recreated = (["delete", "create"] as const).map((action, i) =>
  controlPlane(ONSET - 60 + 40 * i, {
    change: "container",
    action,
    operation: `sqlcontainers${action}`,
    details: new Map([["resource", "/dbs/shop/colls/invoices"]]),
  }),
);

type Found = readonly [Finding["cause"]["id"], DimensionValues | undefined][];

/** Causes and best splits, in order of their causes. */
export function found(events: readonly Event[]): Found {
  const findings = analyze(events.toSorted((a, b) => a.time - b.time));
  return findings
    .map(({ cause, splits }): [Finding["cause"]["id"], DimensionValues | undefined] => [cause.id, splits[0]?.where])
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

export const causesOf = (events: readonly Event[]): readonly Finding["cause"]["id"][] =>
  found(events).map(([cause]) => cause);

export const gatewayOnly = (events: readonly Event[]): readonly Event[] =>
  events.filter(({ kind }) => kind !== "data-plane-operation");

export const refusedByBackend = (
  call: Ordinary,
  status: 401 | 403,
  over: Partial<GatewayRequest> = {},
): readonly Event[] => [{ ...call.gateway, status, backendStatus: status, ...over }];

/** A sign-in of a service principal that failed, so many seconds after the first call. */
export const signInFailure = (seconds: number, over: Pick<SignIn, "errorCode"> & Partial<SignIn>): SignIn => ({
  kind: "sign-in",
  shape: "event-hub",
  resource: "/tenants/t/providers/microsoft.aadiam",
  dedupKey: `sign-in-${seconds}`,
  time: at(seconds),
  identityKind: "service-principal",
  ...over,
});
