import fc from "fast-check";
import { expect, test } from "vitest";
import type { Event } from "../../src/model/event.ts";
import { createNames } from "../../src/model/names.ts";
import { accessUses } from "../../src/privileges/gateway-access.ts";
import { visitUses } from "../../src/privileges/ledger.ts";
import { countsOf } from "../../src/privileges/gateway-use.ts";
import { createPrivileges, learnRow, learnRows, type Privileges, readersOf } from "../../src/privileges/privileges.ts";
import { at, claims, gatewayRequest, operation } from "../builders.ts";
import { tableOf } from "../follow.ts";

/** Few texts: most rows of a step are of a use that another row of it is of. */
const event = fc
  .record({
    seconds: fc.integer({ min: 0, max: 200_000 }),
    isRequest: fc.boolean(),
    subscription: fc.constantFrom(undefined, "k1", "k2"),
    app: fc.constantFrom("a1", "a2"),
    state: fc.constantFrom("validated" as const, "unverified" as const),
    container: fc.constantFrom("orders", "carts"),
    status: fc.constantFrom(200, 404, 403),
    clientAddress: fc.constantFrom("10.0.0.1", "10.0.1.1", "10.0.2.1"),
  })
  .map(({ seconds, isRequest, subscription, app, state, container, status, clientAddress }): Event => {
    const time = at(seconds);
    if (!isRequest) return operation({ time, status, container, principal: app, clientAddress });
    const key = subscription === undefined ? {} : { subscription };
    return gatewayRequest({ time, status, operation: container, claims: claims({ appId: app, state }), ...key });
  });

/** What is kept, without the numbers that texts have. */
function told({ ledger, gateway, gatewayAccess }: Privileges): unknown {
  const { texts, places, uses, clients } = ledger;
  const days: unknown[] = [];
  visitUses(ledger, (day, use, counts) => {
    const place = (places[uses.place[use] ?? 0] ?? []).map((id) => texts[id]);
    days.push([day, texts[uses.signer[use] ?? 0], place, uses.action[use], uses.last[use], { ...counts }]);
  });
  return {
    days,
    clients: Array.from({ length: clients.clients.used }, (_, client) => [
      ...[0, 1].map((column) => texts[clients.ids[3 * client + column] ?? 0]),
      ...clients.counts.subarray(3 * client, 3 * client + 3),
    ]),
    requests: countsOf(gateway),
    access: Array.from(accessUses(gatewayAccess), ({ days: usedOn, ...use }) => [use, [...usedOn()]]),
  };
}

test("rows that are read together tell what they tell one by one", () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 300 }), (events) => {
      const names = createNames(1);
      const table = tableOf(names, events);
      const [together, singly] = [createPrivileges(), createPrivileges()];
      learnRows(together, readersOf(together, names), table);
      const readers = readersOf(singly, names);
      for (let row = 0; row < table.count; row++) learnRow(readers, table, row);
      expect(told(together)).toEqual(told(singly));
    }),
    { numRuns: 60 },
  );
});
