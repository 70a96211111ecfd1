import { styleText } from "node:util";
import type { Look } from "./report-text.ts";

/** Colours as the terminal, NO_COLOR and FORCE_COLOR say; lines are wrapped for a terminal only. */
export const lookOf = (stdout: NodeJS.WriteStream): Look => ({
  colour: styleText("bold", "x", { stream: stdout }) !== "x",
  columns: stdout.isTTY ? stdout.columns : undefined,
});
