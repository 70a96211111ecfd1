import { expect } from "vitest";
import type { Event } from "../../src/model/event.ts";
import type { Finding } from "../../src/model/finding.ts";
import { eventsOf } from "../traffic.ts";
import { analyze, CALLS, during, type Fault } from "./tenant.ts";

/** The one finding of a fault, and of the events beside it; `always`: the fault itself says when it is on. */
export function soleFinding(fault: Fault, also: readonly Event[] = [], always = false): Finding | undefined {
  const calls = eventsOf(CALLS, always ? fault : during(fault));
  const findings = analyze([...calls, ...also].toSorted((a, b) => a.time - b.time));
  expect(findings.map(({ title }) => title)).toHaveLength(1);
  return findings[0];
}
