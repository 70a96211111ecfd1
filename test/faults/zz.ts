import { spawn } from "node:child_process";
import { once } from "node:events";
import { startEventHubsEmulator } from "../emulators/event-hubs.ts";
const em = await startEventHubsEmulator();
em.addHub("logs", { partitions: 3 });
const r = spawn(process.execPath, ["test/faults/ingest.ts", "/tmp/zzz/s.db", em.connectionString("logs")], {
  stdio: ["ignore", "pipe", "inherit"],
});
await once(r.stdout, "data");
await new Promise((r) => setTimeout(r, Number(process.argv[2] ?? 50)));
r.kill("SIGKILL");
if (process.argv[3]) await once(r, "exit");
console.log("conns", em.connections());
const t = setTimeout(() => {
  console.log("stuck", process.getActiveResourcesInfo(), em.connections());
  process.exit(1);
}, 3000);
await em.close();
clearTimeout(t);
console.log("closed", process.getActiveResourcesInfo());
