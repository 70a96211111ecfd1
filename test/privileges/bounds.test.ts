import { expect, test } from "vitest";
import {
  clientOf,
  type ClientsOf,
  dayOf,
  countUse,
  createLedger,
  observe,
  placeId,
  textId,
  useId,
  visitUses,
} from "../../src/privileges/ledger.ts";
import { leftOut, privilegeFindings } from "../../src/privileges/findings.ts";
import { holdersOf } from "../../src/privileges/principals.ts";
import { createPrivileges, privilegeSpots } from "../../src/privileges/privileges.ts";
import { addRole } from "../../src/privileges/roles.ts";
import { type Instant, plusMs } from "../../src/model/time.ts";
import { at } from "../builders.ts";

const DAY_MS = 86_400_000;
const dayAt = (day: number): Instant => plusMs(at(0), day * DAY_MS);

test("400 days are kept; what is older is gone, counted, and observed no more", () => {
  const ledger = createLedger();
  const account = textId(ledger, "shop");
  const use = useId(ledger, { signer: textId(ledger, "p"), place: placeId(ledger, "shop", "d", "c"), action: 2 });
  for (let day = 0; day < 500; day++) {
    countUse(ledger, use, { time: dayAt(day), outcome: "succeeded", calls: 1 });
    observe(ledger, account, dayOf(dayAt(day)));
  }
  countUse(ledger, use, { time: dayAt(3), outcome: "succeeded", calls: 1 });
  let [calls, first] = [0, Number.POSITIVE_INFINITY];
  visitUses(ledger, (day, _, { succeeded }) => {
    calls += succeeded;
    first = Math.min(first, day);
  });
  expect({ calls, first }).toEqual({ calls: 400, first: dayOf(dayAt(100)) });
  expect(ledger.observed.get(account)?.size).toBe(400);
  expect(ledger.forgotten).toBe(1);
});

test("of very many holders those with the highest scores get findings, and the rest is told", () => {
  const privileges = createPrivileges();
  const { ledger, roles } = privileges;
  for (let day = 0; day < 40; day++) observe(ledger, textId(ledger, "shop"), dayOf(dayAt(day)));
  for (let i = 0; i < 2_100; i++)
    addRole(roles, {
      kind: "assignment",
      account: "shop",
      accountId: "",
      id: `a${i}`,
      principal: `p${i}`,
      definition: `00000000-0000-0000-0000-00000000000${i < 100 ? 1 : 2}`,
      scope: { database: "d", container: "c" },
    });
  const holders = holdersOf(privileges);
  const findings = privilegeFindings(holders, { privileges, exceptions: [], now: dayAt(40) });
  expect(findings).toHaveLength(2_000);
  expect(findings.every(({ privilege }) => privilege?.granted[0]?.role.endsWith("Contributor"))).toBe(true);
  expect(leftOut(holders)).toBe(100);
  expect(privilegeSpots(privileges, 100)).toMatchObject([
    { id: "principals-limit", says: expect.stringMatching(/^100 /) as string },
  ]);
});

test("clients are told apart up to a limit, and callers beyond it take no room", () => {
  const ledger = createLedger();
  const of = (whose: string): ClientsOf => ({ whose, grain: 0, clients: undefined });
  const seen = { time: dayAt(0), calls: 1 };
  const kept = Array.from({ length: 70_000 }, (_, i) => clientOf(ledger, of(`1|${i}`), 7, seen)).filter(
    (calls) => calls !== undefined,
  );
  expect(kept).toHaveLength(65_536);
  expect(ledger.clients[0]?.size).toBe(65_536);
  expect(clientOf(ledger, of("1|3"), 7, seen)).toBe(kept[3]);
});

test("an account without a list of its roles is a blind spot", () => {
  const privileges = createPrivileges();
  observe(privileges.ledger, textId(privileges.ledger, "shop"), 1);
  expect(privilegeSpots(privileges, 0)).toMatchObject([{ id: "no-role-inventory", scope: "account:shop" }]);
});
