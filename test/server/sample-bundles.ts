import type { BundleList } from "../../src/server/export-view.ts";

/** A chain of two, the older one broken by somebody who writes markup. */
export const sampleBundles = (): BundleList => ({
  folder: "/var/lib/scopetrail/evidence",
  more: 3,
  lines: [
    {
      name: "export-000002",
      kind: "export",
      madeAt: "2026-11-25T00:30:00.000Z",
      from: "2026-11-24T00:00:00.000000Z",
      to: "2026-11-25T00:00:00.000000Z",
      calls: 1_204_551,
      bytes: 48_120_331,
      sha256: "ab".repeat(32),
      state: "signed",
    },
    {
      name: "export-000001",
      kind: "digest",
      madeAt: "<b>yesterday</b>",
      from: null,
      to: null,
      calls: 3,
      bytes: 12,
      sha256: "",
      state: "broken",
      says: "its signature is not of these bytes <script>alert(1)</script>",
    },
  ],
});
