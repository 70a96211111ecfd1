import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "../temporary-folder.ts";

export interface Certificates {
  /** PEM of an authority made for this run, and where it lies for `NODE_EXTRA_CA_CERTS`. */
  readonly ca: string;
  readonly caFile: string;
  /** PEM of a server named localhost and 127.0.0.1. */
  readonly key: string;
  readonly cert: string;
  remove(): Promise<void>;
}

const run = promisify(execFile);
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** An authority and a server's certificate of it, made by the openssl command; they last two days. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await temporaryFolder({ extensions: "subjectAltName=DNS:localhost,IP:127.0.0.1\n" });
  const openssl = (...args: string[]) => run("openssl", args, { cwd: folder.path });
  const authority = ["-subj", "/CN=scopetrail tests", "-addext", "basicConstraints=critical,CA:TRUE", "-days", "2"];
  await openssl("req", "-x509", ...KEY, "-keyout", "ca.key", "-out", "ca.pem", ...authority);
  await openssl("req", ...KEY, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost");
  const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "extensions"];
  await openssl("x509", "-req", "-in", "server.csr", ...signing, "-out", "server.pem");
  const read = (name: string): Promise<string> => readFile(join(folder.path, name), "utf8");
  const [ca, key, cert] = await Promise.all(["ca.pem", "server.key", "server.pem"].map(read));
  // A client's certificate and key in one file, as a credential wants them.
  await writeFile(join(folder.path, "client.pem"), `${key}${cert}`);
  return {
    ca: ca ?? "",
    caFile: join(folder.path, "ca.pem"),
    key: key ?? "",
    cert: cert ?? "",
    remove: () => folder[Symbol.asyncDispose](),
  };
}
