import { expect, test } from "vitest";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { storeContract } from "../contract/store.contract.ts";
import { commitOf, epoch } from "./sample.ts";

storeContract(async () => {
  const store = createMemoryStore();
  return { open: () => store, close: async () => {} };
});

test("forgets the oldest alerts that are done with, and no other", () => {
  const store = createMemoryStore();
  const alert = (id: number) => ({ alertId: String(id), target: "teams", body: "" });
  store.commit(commitOf({ outbox: [alert(-1)] }));
  for (let id = 0; id < 12_000; id++) {
    store.commit(commitOf({ outbox: [alert(id)] }));
    store.sent(String(id), "teams");
  }
  store.commit(commitOf({ outbox: [alert(11_999), alert(0)] }));
  expect(store.due(epoch(0), 10).map((row) => row.alertId)).toEqual(["-1", "0"]);
});
