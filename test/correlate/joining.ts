import { createHeld, drop, hold } from "../../src/correlate/held.ts";
import { addGateway, addOperation, type Closed, closeNext, createJoin } from "../../src/correlate/join.ts";
import type { DataPlaneOperation, GatewayRequest } from "../../src/model/event.ts";
import { createNames } from "../../src/model/names.ts";
import type { Instant } from "../../src/model/time.ts";
import { tableOf } from "../follow.ts";

export interface JoinedEvents {
  readonly gateway: GatewayRequest | undefined;
  readonly operations: readonly DataPlaneOperation[];
}

/** The join, given events and giving them back: places are told by the order in which the events were added. */
export function joinOf(window: number, limit: number) {
  const state = createJoin(window, limit, 5);
  const held = createHeld();
  const names = createNames(5);
  const gateways = new Map<number, GatewayRequest>();
  const operations = new Map<number, DataPlaneOperation>();
  const closed: Closed = { gateway: -1, operations: [], entry: -1 };
  const take = <E>(events: Map<number, E>, place: number): E => {
    const event = events.get(place);
    if (event === undefined) throw new Error(`no event at ${place}`);
    events.delete(place);
    drop(held, place);
    return event;
  };
  return {
    state,
    held,
    add(event: GatewayRequest | DataPlaneOperation): void {
      const place = hold(held, tableOf(names, [event]), 0);
      if (event.kind === "gateway-request") {
        gateways.set(place, event);
        addGateway(state, held.table, place);
      } else if (addOperation(state, held.table, place)) operations.set(place, event);
      else drop(held, place);
    },
    closeUntil(now: Instant): readonly JoinedEvents[] {
      const all: JoinedEvents[] = [];
      while (closeNext(state, held.table, now, closed))
        all.push({
          gateway: closed.gateway < 0 ? undefined : take(gateways, closed.gateway),
          operations: closed.operations.map((place) => take(operations, place)),
        });
      return all;
    },
  };
}
