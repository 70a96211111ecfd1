import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { mkdir, open, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { BlobLeaseClient, BlockBlobClient, ContainerClient } from "@azure/storage-blob";
import { makeFolder, syncFolder } from "../folder.ts";
import { accessFolder } from "./access-log.ts";
import { callsFolder } from "./call-log.ts";
import { decisionsFile } from "./decision-log.ts";
import { ownTerm, writeOwnTerm } from "./own-term.ts";
import { backupOf, sha256Of } from "./sqlite-backup.ts";
import { StoreError } from "./store-error.ts";

/** The shortest that the service gives; what is not renewed is free for others afterwards. */
const LEASE_SECONDS = 15;
const STATE = "state";
const CALLS = "calls/";
const DECISIONS = "decisions/";
const ACCESSES = "accesses/";
/** Most parts of a file in flight, 4 MB each. */
const IN_FLIGHT = { blockSize: 4 << 20, maxSingleShotSize: 4 << 20, concurrency: 2 };

/**
 * The state of the one machine that has the lease, in blobs: a copy that trails it, with the calls that it kept, the
 * decisions about findings and the log of accesses. The lease is on the copy itself, so that who lost it cannot write there any more.
 */
export class SharedState {
  readonly #container: ContainerClient;
  readonly #blob: BlockBlobClient;
  readonly #path: string;
  /** Whose calls were brought last. */
  #brought: string | undefined;

  /** `path`: the state file of this machine. */
  constructor(container: ContainerClient, path: string) {
    this.#container = container;
    this.#blob = container.getBlockBlobClient(STATE);
    this.#path = path;
  }

  /** The lease, where nobody has it: this machine's term begins. Until it ends, others stand by. */
  async acquire(): Promise<Term | undefined> {
    await passing([409, 412], this.#blob.upload("", 0, { conditions: { ifNoneMatch: "*" } }));
    const lease = this.#blob.getBlobLeaseClient();
    if ((await passing([409, 412], lease.acquireLease(LEASE_SECONDS))) === undefined) return undefined;
    const copy = await this.#look();
    const term = Math.max(copy.last, ownTerm(this.#path)) + 1;
    const conditions = { leaseId: lease.leaseId };
    await this.#blob.setMetadata({ ...copy.metadata, last: String(term) }, { conditions });
    return new Term({ container: this.#container, blob: this.#blob, lease, path: this.#path, term });
  }

  /**
   * Makes this machine's files those of the newest copy, where the copy is of a later term than they are; what was there is
   * set aside. Calls are brought first: as long as others have the lease, only these. Gives whether the state was brought.
   */
  async bring(now: number, hasLease: boolean): Promise<boolean> {
    const copy = await this.#look();
    if (copy.bytes === 0 || copy.term <= ownTerm(this.#path)) return false;
    if (!hasLease && copy.etag === this.#brought) return false;
    setAside(this.#path, now);
    await this.#bringCalls();
    this.#brought = copy.etag;
    if (!hasLease) return false;
    const decisions = this.#container.getBlobClient(`${DECISIONS}${copy.term}`);
    if (await decisions.exists()) await download(decisions, decisionsFile(this.#path));
    for await (const { name } of this.#container.listBlobsFlat({ prefix: accessesOf(copy.term) }))
      await download(this.#container.getBlobClient(name), join(accessFolder(this.#path), basename(name)));
    const partial = `${this.#path}.brought`;
    rmSync(partial, { force: true });
    await this.#blob.downloadToFile(partial);
    if ((await sha256Of(partial)) !== copy.sha256)
      throw new StoreError(
        STATE,
        "corrupt",
        "the copy in blobs is not what was written there. Bring back an earlier version of the blob.",
      );
    await settle(partial, this.#path);
    return true;
  }

  async #look(): Promise<Copy> {
    const { metadata = {}, contentLength = 0, etag } = await this.#blob.getProperties();
    const numberIn = (key: string): number => Number(metadata[key] ?? 0);
    return {
      bytes: contentLength,
      term: numberIn("term"),
      last: numberIn("last"),
      sha256: metadata["sha256"],
      etag,
      metadata,
    };
  }

  async #bringCalls(): Promise<void> {
    const folder = callsFolder(this.#path);
    makeFolder(folder);
    const there = new Set<string>();
    for await (const { name } of this.#container.listBlobsFlat({ prefix: CALLS })) there.add(basename(name));
    for (const file of readdirSync(folder)) if (!there.has(file)) rmSync(join(folder, file));
    for (const file of there)
      if (!existsSync(join(folder, file)))
        await passing([404], download(this.#container.getBlobClient(`${CALLS}${file}`), join(folder, file)));
  }
}

/** Names of the log's files in one term begin so. */
const accessesOf = (term: number): string => `${ACCESSES}${term}/`;

interface Copy {
  readonly bytes: number;
  /** In which it was written. */
  readonly term: number;
  /** The newest that began. */
  readonly last: number;
  readonly sha256: string | undefined;
  readonly etag: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

interface TermParts {
  readonly container: ContainerClient;
  readonly blob: BlockBlobClient;
  readonly lease: BlobLeaseClient;
  readonly path: string;
  readonly term: number;
}

/** The time in which one machine has the lease. Whatever it writes to the copy is refused once another one's has begun. */
export class Term {
  readonly #parts: TermParts;

  constructor(parts: TermParts) {
    this.#parts = parts;
  }

  get number(): number {
    return this.#parts.term;
  }

  /** The state of this machine is of this term from now on. */
  begin(): void {
    writeOwnTerm(this.#parts.path, this.#parts.term);
  }

  /** Whether the lease is still this machine's; throws where nobody answers. */
  async renew(): Promise<boolean> {
    return (await passing([409, 412], this.#parts.lease.renewLease())) !== undefined;
  }

  /** Others need not wait until it runs out. */
  async release(): Promise<void> {
    await passing([409, 412], this.#parts.lease.releaseLease());
  }

  /** Writes the newest backup of the state, and what belongs to it before; whether the lease was this machine's. */
  async copy(): Promise<boolean> {
    const { container, blob, lease, path, term } = this.#parts;
    const calls = await this.#copyCalls();
    if (existsSync(decisionsFile(path)))
      await container.getBlockBlobClient(`${DECISIONS}${term}`).uploadFile(decisionsFile(path), IN_FLIGHT);
    await this.#copyAccesses();
    const file = backupOf(path);
    const metadata = { term: String(term), last: String(term), sha256: await sha256Of(file) };
    const conditions = { leaseId: lease.leaseId };
    const written = await passing([409, 412], blob.uploadFile(file, { ...IN_FLIGHT, metadata, conditions }));
    if (written === undefined) return false;
    await this.#giveUp(calls);
    return true;
  }

  /** Segments do not change: those that are there already stay. Gives the names of all. */
  async #copyCalls(): Promise<ReadonlySet<string>> {
    const { container, path } = this.#parts;
    const folder = callsFolder(path);
    const there = new Set<string>();
    for await (const { name } of container.listBlobsFlat({ prefix: CALLS })) there.add(basename(name));
    const files = existsSync(folder) ? readdirSync(folder).filter((file) => /\.(?:seg|ids)$/.test(file)) : [];
    for (const file of files)
      if (!there.has(file))
        await container.getBlockBlobClient(`${CALLS}${file}`).uploadFile(join(folder, file), IN_FLIGHT);
    return new Set(files);
  }

  /** Files of the log only grow: those that are there as long as they are stay. One that was given up here is there no more, either. */
  async #copyAccesses(): Promise<void> {
    const { container, path, term } = this.#parts;
    const there = new Map<string, number | undefined>();
    for await (const { name, properties } of container.listBlobsFlat({ prefix: accessesOf(term) }))
      there.set(basename(name), properties.contentLength);
    const folder = accessFolder(path);
    const files = existsSync(folder) ? readdirSync(folder) : [];
    for (const file of files)
      if (there.get(file) !== statSync(join(folder, file)).size)
        await container.getBlockBlobClient(`${accessesOf(term)}${file}`).uploadFile(join(folder, file), IN_FLIGHT);
    for (const file of there.keys())
      if (!files.includes(file)) await passing([404], container.deleteBlob(`${accessesOf(term)}${file}`));
  }

  /** What the copy needs no longer: segments that were merged or are too old, decisions and accesses of earlier terms. */
  async #giveUp(calls: ReadonlySet<string>): Promise<void> {
    const { container, term } = this.#parts;
    for await (const { name } of container.listBlobsFlat({ prefix: CALLS }))
      if (!calls.has(basename(name))) await passing([404], container.deleteBlob(name));
    for await (const { name } of container.listBlobsFlat({ prefix: DECISIONS }))
      if (Number(basename(name)) < term) await passing([404], container.deleteBlob(name));
    for await (const { name } of container.listBlobsFlat({ prefix: ACCESSES }))
      if (Number(name.split("/")[1]) < term) await passing([404], container.deleteBlob(name));
  }
}

/** What belongs to a state that a later term has left behind gets another name. */
function setAside(path: string, now: number): void {
  if (!existsSync(path)) return;
  const beside = [callsFolder(path), decisionsFile(path), accessFolder(path), backupOf(path)];
  for (const file of [`${path}-wal`, `${path}-shm`, ...beside, path])
    if (existsSync(file)) renameSync(file, `${file}.superseded-${now}`);
  syncFolder(dirname(path));
}

async function download(blob: Pick<BlockBlobClient, "downloadToFile">, path: string): Promise<void> {
  const partial = `${path}.part`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(partial, { force: true });
  await blob.downloadToFile(partial);
  await settle(partial, path);
}

/** Whole and on the disk under its name, for its owner only. */
async function settle(partial: string, path: string): Promise<void> {
  const file = await open(partial, "r+");
  await file.chmod(0o600);
  await file.sync();
  await file.close();
  await rename(partial, path);
  syncFolder(dirname(path));
}

/** What `asked` gives; undefined where the service answers with one of these. */
async function passing<T>(statuses: readonly number[], asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    const status = error instanceof Error && "statusCode" in error ? Number(error.statusCode) : 0;
    if (statuses.includes(status)) return undefined;
    throw error;
  }
}
