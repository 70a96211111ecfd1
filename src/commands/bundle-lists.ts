import { createBundleList } from "../exports/bundle-list.ts";
import type { BundleList } from "../server/export-view.ts";
import type { ScheduledExport } from "./scheduled-exports.ts";

/** Entries of one chain that are shown: four days of digests. */
const MOST = 100;

/** What is in the folders of the schedules, looked at when it is asked for; those of a container by their copies here. */
export function bundlesOf(exports: readonly ScheduledExport[]): () => readonly BundleList[] {
  const lists = exports.map(({ job, to }) => ({ to, list: createBundleList(job.folder, MOST) }));
  return () =>
    lists.map(({ to, list }) => {
      const { bundles, more } = list();
      return { folder: to, lines: bundles, more };
    });
}
