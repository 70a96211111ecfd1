import { stat } from "node:fs/promises";
import type { Manifest } from "../exports/manifest.ts";
import { plainText } from "../lib/plain-text.ts";
import { listFiles } from "../sources/file-list.ts";
import { EXIT } from "./exit-codes.ts";
import { type ExportTalk, filesInput, keptInput } from "./export-input.ts";
import { type ExportFlags, exportOptions } from "./export-options.ts";
import { noteAccess } from "./note-access.ts";
import { bar, createProgressLine } from "./progress-line.ts";
import { exportCalls } from "./run-export.ts";
import { readFacts } from "./state-facts.ts";

/** Exports from files, or of the calls that `serve` keeps; talks on standard error, gives the exit code. */
export async function runExport(flags: ExportFlags): Promise<number> {
  const options = exportOptions(flags, process.env, say);
  if (!options.ok) return usage(options.error);
  const { paths, state } = options.value;
  const total = await bytesOf(paths);
  const line = createProgressLine();
  const began = performance.now();
  const rate = (count: number): string => `${Math.round(count / ((performance.now() - began) / 1_000))}/s`;
  const talk: ExportTalk = {
    onRead: (bytes, records) => line.show(() => `reading ${bar(bytes, total)} · ${records} records · ${rate(records)}`),
    onCalls: (seen, written) => line.show(() => `writing · ${written} of ${seen} calls · ${rate(seen)}`),
    onLoss(says) {
      line.clear();
      say(plainText(says));
    },
  };
  let facts: ReturnType<typeof readFacts> | undefined;
  const input =
    paths.length === 0 ? keptInput(state, () => (facts ??= readFacts(state)), talk) : filesInput(paths, talk);
  const exported = await exportCalls(options.value, input, talk, new Date().toISOString());
  line.clear();
  if (!exported.ok) return usage([exported.error]);
  if (paths.length === 0) await noteExport(state, exported.value.manifest);
  const { path, manifest, sha256, isPartial } = exported.value;
  const seconds = (performance.now() - began) / 1_000;
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  const peak = process.resourceUsage().maxRSS / 1_024;
  say(
    `${manifest.calls["exported"] ?? 0} of ${manifest.calls["seen"] ?? 0} calls, ${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(1)} s, peak memory ${peak.toFixed(0)} MB`,
  );
  say(`signed by ${manifest.signer.publicKey}; manifest ${sha256}`);
  if (options.value.isKeyLost)
    say("the pseudonyms' key was thrown away: they cannot be led back, nor matched with another export");
  process.stdout.write(`${path}\n`);
  return isPartial ? EXIT.partial : EXIT.ok;
}

async function noteExport(state: string, { calls, command }: Manifest): Promise<void> {
  const filter = command.replace("scopetrail export ", "");
  const unnoted = await noteAccess(state, {
    what: "export",
    via: "export",
    filter,
    rows: calls["exported"] ?? 0,
    outcome: "ok",
  });
  if (unnoted !== undefined) say(plainText(unnoted));
}

const say = (text: string): void => void process.stderr.write(`export: ${text}\n`);

function usage(faults: readonly string[]): number {
  for (const fault of faults) say(plainText(fault));
  return EXIT.usage;
}

async function bytesOf(paths: readonly string[]): Promise<number> {
  const { files } = await listFiles(paths.filter((path) => path !== "-"));
  const sizes = await Promise.all(files.map(async ({ path }) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
