import { createRequire } from "node:module";

const GUARDED = Symbol.for("scopetrail.credit-guard");

/** By the address of a link: how many events fewer it is to have ahead than its client asks for. */
const fewer = new Map<string, number>();

/** From now on the link at an address, whose client asks for so many events ahead, has no more than `most`. */
export function limitCredit(address: string, asked: number, most: number): void {
  fewer.set(address, Math.max(0, asked - Math.max(1, most)));
}

/**
 * @azure/event-hubs 6.0.4 adds credit to a link on each round without counting what it has, so an idle receiver lets the service
 * push any number of events into memory at once (Azure/azure-sdk-for-js#39452). From here on a link never has more than is asked
 * for in one go, nor more than `limitCredit` lets it have, for every client of the process. Throws where the client's AMQP
 * library is not what it was written for.
 */
export function guardCredit(): void {
  const requireForHubs = createRequire(import.meta.resolve("@azure/event-hubs"));
  const library: unknown = requireForHubs("rhea-promise");
  const prototype = receiverPrototype(library);
  if (GUARDED in prototype) return;
  const addCredit: unknown = Reflect.get(prototype, "addCredit");
  if (typeof addCredit !== "function") throw new Error("rhea-promise: Receiver has no addCredit");
  Reflect.set(prototype, "addCredit", function (this: object, wanted: number) {
    const room = wanted - (fewer.get(addressOf(this)) ?? 0) - Number(Reflect.get(this, "credit"));
    if (room > 0) Reflect.apply(addCredit, this, [room]);
  });
  Reflect.set(prototype, GUARDED, true);
}

/** `HUB/ConsumerGroups/GROUP/Partitions/ID`. */
function addressOf(link: object): string {
  const source: unknown = Reflect.get(link, "source");
  return typeof source === "object" && source !== null ? String(Reflect.get(source, "address")) : "";
}

function receiverPrototype(library: unknown): object {
  const receiver: unknown =
    typeof library === "object" && library !== null ? Reflect.get(library, "Receiver") : undefined;
  const prototype: unknown = typeof receiver === "function" ? receiver.prototype : undefined;
  if (typeof prototype === "object" && prototype !== null) return prototype;
  throw new Error("rhea-promise: no Receiver to guard");
}
