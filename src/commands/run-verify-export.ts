import { rowReaders } from "../exports/row-readers.ts";
import { verifyExports } from "../exports/verify-export.mjs";
import { plainText } from "../lib/plain-text.ts";
import { EXIT } from "./exit-codes.ts";

export interface VerifyFlags {
  readonly key?: string;
  readonly anchor?: string;
  readonly json?: boolean;
}

/** Checks an export or a chain of them offline; gives the exit code. */
export async function verifyExport(folder: string, flags: VerifyFlags): Promise<number> {
  const verified = await verifyExports(folder, { key: flags.key, anchor: flags.anchor, readers: rowReaders() });
  const { faults, exports, keys, newest } = verified;
  if (flags.json === true) {
    process.stdout.write(
      `${JSON.stringify({ ok: faults.length === 0, exports, keys, newest: newest ?? null, faults }, null, 2)}\n`,
    );
  } else {
    for (const fault of faults) process.stdout.write(`WRONG  ${plainText(fault)}\n`);
    if (faults.length === 0)
      process.stdout.write(`OK     exports: ${exports}; signed by ${keys.join(", ")}; newest manifest ${newest}\n`);
  }
  return faults.length === 0 ? EXIT.ok : EXIT.findings;
}
