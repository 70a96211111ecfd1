import type { RoleRecord } from "../../src/model/grant.ts";
import { type Instant, plusMs } from "../../src/model/time.ts";
import type { UseTotal } from "../../src/model/use-total.ts";
import { at } from "../builders.ts";

const DAY_MS = 86_400_000;

/** 2026-11-25T12:00:00Z and so many days. */
export const dayAt = (day: number): Instant => plusMs(at(0), day * DAY_MS);

export const CONTRIBUTOR = "00000000-0000-0000-0000-000000000002";

/** A contributor on all of account `shop`. */
export const assignment = (id: string, principal: string): RoleRecord => ({
  kind: "assignment",
  account: "shop",
  accountId: "",
  id,
  principal,
  definition: CONTRIBUTOR,
  scope: { database: "", container: "" },
});

/** One reading of an item of account `shop`, as a table of five minutes tells it. */
export const useOn = (day: number, over: Partial<UseTotal>): UseTotal => ({
  time: dayAt(day),
  minutes: 5,
  account: "shop",
  operation: "Read",
  resourceType: "Document",
  database: "d",
  container: "c",
  status: 200,
  calls: 1,
  ...over,
});
