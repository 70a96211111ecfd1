/** Holds a state file open until its standard input ends. */
import { openSqliteStore } from "../../src/store/sqlite-store.ts";

const store = openSqliteStore(process.argv[2] ?? "");
process.stdout.write("open\n");
process.stdin.on("end", () => store.close()).resume();
