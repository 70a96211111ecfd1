import type { Event, GatewayRequest } from "../src/model/event.ts";
import { at, claims, gatewayRequest, operation } from "./builders.ts";

/** One healthy call of a small tenant, before a fault has its way with it. */
export interface Ordinary {
  readonly seconds: number;
  readonly app: number;
  readonly region: string;
  readonly write: boolean;
  readonly backend: string;
  readonly credential: string;
  readonly gateway: GatewayRequest;
  /** A number in [0, 1) of the call's own. */
  readonly chance: number;
}

/** Deterministic numbers in [0, 1). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const guidOf = (kind: number, n: number): string =>
  `${String(kind).padStart(8, "0")}-0000-4000-8000-${String(n).padStart(12, "0")}`;
export const appId = (app: number): string => guidOf(1, app);
export const objectId = (app: number): string => guidOf(2, app);
export const PRINCIPALS: Readonly<Record<string, string>> = {
  "orders-a": guidOf(3, 1),
  "orders-b": guidOf(3, 2),
  billing: guidOf(3, 3),
};

/** `hours` of calls by ten applications in two regions to two APIs that keep their items in Cosmos DB. */
export function* ordinaryCalls(options: { hours: number; perSecond: number; seed: number }): Generator<Ordinary> {
  const next = random(options.seed);
  for (
    let seconds = 0, n = 0;
    seconds < options.hours * 3_600;
    seconds += -Math.log(1 - next()) / options.perSecond, n++
  ) {
    const app = Math.floor(next() * 10);
    const region = next() < 0.6 ? "West Europe" : "North Europe";
    const api = app % 3 === 0 ? "billing" : "orders";
    const write = next() < 0.4;
    const backend = api === "billing" ? "billing" : next() < 0.5 ? "orders-a" : "orders-b";
    const gateway = gatewayRequest({
      correlationId: guidOf(9, n),
      time: at(seconds),
      region,
      api,
      operation: `${api}-${write ? "put" : "get"}`,
      callerAddress: `203.0.${app}.${1 + Math.floor(next() * 4)}`,
      userAgent: app % 2 === 0 ? "dotnet/8" : "python-requests/2",
      subscription: `team-${app}`,
      backendId: backend,
      backendUrl: `https://${backend}.example/items`,
      backendStatus: 200,
      claims: claims({ appId: appId(app), objectId: objectId(app), keyId: "key-1" }),
    });
    yield {
      seconds,
      app,
      region,
      write,
      backend,
      credential: api === "billing" ? "PrimaryMasterKey" : "AadToken",
      gateway,
      chance: next(),
    };
  }
}

type Operation = Parameters<typeof operation>[0];

/** The Cosmos operation that an ordinary call causes. */
export function operationOf(call: Ordinary, over: Operation = {}) {
  const { gateway, backend, write, region } = call;
  const key = call.credential !== "AadToken";
  return operation({
    activityId: gateway.correlationId,
    time: gateway.time,
    operation: write ? "Upsert" : "Read",
    container: gateway.api === "billing" ? "invoices" : "orders",
    region,
    clientAddress: region === "West Europe" ? "198.51.100.4" : "198.51.101.4",
    credential: call.credential,
    ...(key ? { principal: undefined as never } : { principal: PRINCIPALS[backend] ?? "" }),
    ...over,
  });
}

/** The events of healthy calls, but for those that `fault` turns into others. */
export function eventsOf(
  calls: Iterable<Ordinary>,
  fault: (call: Ordinary) => readonly Event[] | undefined,
): readonly Event[] {
  const events: Event[] = [];
  for (const call of calls) events.push(...(fault(call) ?? [call.gateway, operationOf(call)]));
  return events.toSorted((a, b) => a.time - b.time);
}

/** Refused by the gateway: the backend is not called, the token is not validated. */
export function refusedByGateway(call: Ordinary, over: Partial<GatewayRequest>): readonly Event[] {
  const { backendId: _id, backendUrl: _url, backendStatus: _status, ...gateway } = call.gateway;
  return [
    {
      ...gateway,
      status: 401,
      ...(gateway.claims === undefined ? {} : { claims: { ...gateway.claims, state: "unverified" as const } }),
      ...over,
    },
  ];
}

/** Refused by Cosmos DB: gateway and backend pass it on. */
export function refusedByCosmos(
  call: Ordinary,
  status: 401 | 403,
  gateway: Partial<GatewayRequest>,
  over: Operation = {},
): readonly Event[] {
  return [{ ...call.gateway, status, backendStatus: status, ...gateway }, operationOf(call, { status, ...over })];
}
