import fc from "fast-check";
import { expect, test } from "vitest";
import { heldRows } from "../../src/correlate/held.ts";
import type { DataPlaneOperation, GatewayRequest } from "../../src/model/event.ts";
import { type Instant, plusMs } from "../../src/model/time.ts";
import { at, gatewayRequest, guid, operation } from "../builders.ts";
import { joinOf } from "./joining.ts";

type Entry = {
  readonly openedAt: Instant;
  gateway: GatewayRequest | undefined;
  operations: DataPlaneOperation[];
};

/** The rules of the join in the plainest words: a list of entries, and a map from ids to them. */
class PlainJoin {
  readonly #window: number;
  readonly #limit: number;
  readonly #byKey = new Map<string, Entry>();
  #open: Entry[] = [];

  constructor(window: number, limit: number) {
    this.#window = window;
    this.#limit = limit;
  }

  add(event: GatewayRequest | DataPlaneOperation): void {
    if (event.kind === "gateway-request") this.#addGateway(event);
    else (this.#byKey.get(event.activityId) ?? this.#begin(event.time, event.activityId)).operations.push(event);
  }

  #begin(openedAt: Instant, key?: string): Entry {
    const entry: Entry = { openedAt, gateway: undefined, operations: [] };
    this.#open.push(entry);
    if (key !== undefined) this.#byKey.set(key, entry);
    return entry;
  }

  #addGateway(gateway: GatewayRequest): void {
    const keys = [gateway.correlationId, gateway.backendActivityId, gateway.ownId].filter((key) => key !== undefined);
    const waiting = [...new Set(keys.map((key) => this.#byKey.get(key)))].filter(
      (entry) => entry !== undefined && entry.gateway === undefined,
    );
    const entry = waiting[0] ?? this.#begin(gateway.time);
    for (const other of waiting.slice(1)) {
      entry.operations.push(...(other?.operations ?? []));
      this.#open = this.#open.filter((one) => one !== other);
      for (const [key, known] of this.#byKey) if (known === other) this.#byKey.set(key, entry);
    }
    entry.gateway = gateway;
    for (const key of keys) if (this.#byKey.get(key)?.gateway === undefined) this.#byKey.set(key, entry);
  }

  closeUntil(now: Instant) {
    const closed: Entry[] = [];
    for (let first = this.#open[0]; first !== undefined; first = this.#open[0]) {
      if (plusMs(first.openedAt, this.#window) > now && this.#open.length <= this.#limit) break;
      this.#open.shift();
      for (const [key, entry] of this.#byKey) if (entry === first) this.#byKey.delete(key);
      closed.push(first);
    }
    return closed.map(({ gateway, operations }) => ({ gateway, operations }));
  }
}

const IDS = Array.from({ length: 12 }, guid);
const id = fc.constantFrom(...IDS);
const event = fc.record({
  isGateway: fc.boolean(),
  ids: fc.tuple(id, id, id),
  given: fc.tuple(fc.boolean(), fc.boolean()),
  after: fc.integer({ min: 0, max: 20 }),
});

test("the join joins and closes as the plain rules say", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 120 }), fc.integer({ min: 1, max: 20 }), (events, limit) => {
      const plain = new PlainJoin(60_000, limit);
      const join = joinOf(60_000, limit);
      let seconds = 0;
      for (const { isGateway, ids, given, after } of events) {
        seconds += after;
        const time = at(seconds);
        expect(join.closeUntil(time)).toEqual(plain.closeUntil(time));
        const one = isGateway
          ? gatewayRequest({
              time,
              correlationId: ids[0],
              ...(given[0] ? { backendActivityId: ids[1] } : {}),
              ...(given[1] ? { ownId: ids[2] } : {}),
            })
          : operation({ time, activityId: ids[0] });
        plain.add(one);
        join.add(one);
      }
      expect(join.closeUntil(at(seconds + 1_000))).toEqual(plain.closeUntil(at(seconds + 1_000)));
      expect([heldRows(join.held), join.state.byKey.count, join.state.open]).toEqual([0, 0, 0]);
    }),
    { numRuns: 200 },
  );
});
