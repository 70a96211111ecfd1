import { createRequire } from "node:module";

const GUARDED = Symbol.for("scopetrail.credit-guard");

/**
 * @azure/event-hubs 6.0.4 adds credit to a link on each round without counting what it has, so an idle receiver lets the service
 * push any number of events into memory at once (Azure/azure-sdk-for-js#39452). From here on a link never has more than is asked
 * for in one go, for every client of the process. Throws where the client's AMQP library is not what it was written for.
 */
export function guardCredit(): void {
  const requireForHubs = createRequire(import.meta.resolve("@azure/event-hubs"));
  const library: unknown = requireForHubs("rhea-promise");
  const prototype = receiverPrototype(library);
  if (GUARDED in prototype) return;
  const addCredit: unknown = Reflect.get(prototype, "addCredit");
  if (typeof addCredit !== "function") throw new Error("rhea-promise: Receiver has no addCredit");
  Reflect.set(prototype, "addCredit", function (this: object, wanted: number) {
    const room = wanted - Number(Reflect.get(this, "credit"));
    if (room > 0) Reflect.apply(addCredit, this, [room]);
  });
  Reflect.set(prototype, GUARDED, true);
}

function receiverPrototype(library: unknown): object {
  const receiver: unknown =
    typeof library === "object" && library !== null ? Reflect.get(library, "Receiver") : undefined;
  const prototype: unknown = typeof receiver === "function" ? receiver.prototype : undefined;
  if (typeof prototype === "object" && prototype !== null) return prototype;
  throw new Error("rhea-promise: no Receiver to guard");
}
