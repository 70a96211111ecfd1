import { Command } from "commander";
import { alertsCommand } from "./commands/alerts.ts";
import { analyzeCommand } from "./commands/analyze.ts";
import { auditCommand } from "./commands/audit.ts";
import { backfillCommand } from "./commands/backfill.ts";
import { completionCommand } from "./commands/completion.ts";
import { configCommand } from "./commands/config-command.ts";
import { callCommand } from "./commands/call.ts";
import { demoCommand } from "./commands/demo.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { EXIT } from "./commands/exit-codes.ts";
import { exportCommand } from "./commands/export.ts";
import { findingsCommand } from "./commands/findings.ts";
import { incidentCommand } from "./commands/incident.ts";
import { kqlCommand } from "./commands/kql.ts";
import { mcpCommand } from "./commands/mcp.ts";
import { principalsCommand } from "./commands/principals.ts";
import { rejectsCommand } from "./commands/rejects.ts";
import { serveCommand } from "./commands/serve.ts";
import { simulateCommand } from "./commands/simulate.ts";
import { VERSION } from "./commands/version.ts";
import { verifyCommand } from "./commands/verify.ts";
import { redact } from "./lib/redact.ts";

const program = new Command("scopetrail")
  .description("Explains why half of your Azure calls fail with 401 or 403, from API Management and Cosmos DB logs.")
  .version(VERSION)
  .addHelpText(
    "after",
    `
Examples:
  scopetrail demo                        look at a simulated tenant with live faults
  scopetrail analyze logs/               explain the refused calls in your own files
  scopetrail principals --in logs/ roles/ who holds more on Cosmos DB than it uses
  scopetrail serve --config F            the same live, with dashboard and alerts

Exit codes: 0 ok · 1 findings at or above --fail-on · 2 usage or configuration · 3 refused by Azure · 4 unreachable ·
5 partial data · 70 a bug · 130 interrupted`,
  )
  .showHelpAfterError("(scopetrail --help shows the commands)")
  .exitOverride();

const commands = [
  analyzeCommand(),
  callCommand(),
  incidentCommand(),
  exportCommand(),
  verifyCommand(),
  principalsCommand(),
  demoCommand(),
  serveCommand(),
  auditCommand(),
  backfillCommand(),
  rejectsCommand(),
  findingsCommand(),
  alertsCommand(),
  doctorCommand(),
  configCommand(),
  mcpCommand(),
  kqlCommand(),
  completionCommand(() => program),
  simulateCommand(),
];
for (const command of commands) program.addCommand(command.exitOverride());

// Thrown where nobody waits for it, in a timer or a listener: Node's own exit code would be that of findings.
process.on("uncaughtException", (error) => process.exit(report(error)));

// A reader that stops early (`| head`) is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(EXIT.ok);
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Usage errors were printed by the parser; anything else is a bug or the outside world, said with its cause. */
function report(error: unknown): number {
  if (error instanceof Error && "exitCode" in error && "code" in error && String(error.code).startsWith("commander.")) {
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  const says = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`scopetrail: ${redact(says)}\n`);
  return EXIT.bug;
}
