import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { ContainerClient } from "@azure/storage-blob";

/** Azurite, the emulator of Azure Storage, on a free port of loopback; all in memory. */
export interface BlobEmulator extends AsyncDisposable {
  readonly connectionString: string;
  /** A container that is there. */
  container(name: string): Promise<ContainerClient>;
  stop(): Promise<void>;
}

const MAIN = join(import.meta.dirname, "../../node_modules/azurite/dist/src/blob/main.js");
const FLAGS = [
  "--blobHost",
  "127.0.0.1",
  "--blobPort",
  "0",
  "--inMemoryPersistence",
  "--disableTelemetry",
  "--skipApiVersionCheck",
];
/** The emulator's published account. */
const ACCOUNT = "devstoreaccount1";
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

export async function startBlobs(folder: string): Promise<BlobEmulator> {
  const child = spawn(process.execPath, [MAIN, ...FLAGS], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  let address = "";
  for await (const line of createInterface(child.stdout)) {
    address = /listens on (http:\S+)/.exec(line)?.[1] ?? "";
    if (address !== "") break;
  }
  if (address === "") throw new Error("the emulator of blobs ended before it listened");
  child.stdout.resume();
  const connectionString = `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};BlobEndpoint=${address}/${ACCOUNT};`;
  const stop = async (): Promise<void> => {
    child.kill();
    await exited;
  };
  return {
    connectionString,
    async container(name) {
      const client = new ContainerClient(connectionString, name);
      await client.createIfNotExists();
      return client;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
