import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerClient } from "@azure/storage-blob";
import { SharedState, type Term } from "../store/shared-state.ts";
import type { Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import type { Logger } from "../telemetry/log.ts";

export interface SharedOptions {
  readonly container: () => Promise<ContainerClient>;
  /** State file of this machine. */
  readonly path: string;
  /** Seconds between two copies of the state, where it changed. */
  readonly copySeconds: number;
  /** Told the number of this machine's term; each is higher than those before. */
  readonly onTerm: (term: number) => void;
  readonly log: Logger;
}

/** This machine is the one that analyzes. */
export interface HeldTerm {
  /** Aborts once another machine has taken over: nothing is committed from then on. */
  readonly lost: AbortSignal;
  /** Whether an answer that was asked for at that moment of `performance.now` or later says that the lease is still held. */
  readonly isOursSince: (at: number) => boolean;
  /** Copies the state into blobs for as long as it runs; gives what ends that with a last copy, and lets others take over. */
  keep(store: Pick<Store, "backUp">): { readonly changed: () => void; readonly end: () => Promise<void> };
}

const ASK_MS = 2_000;
const RENEW_MS = 5_000;
const FIRST_COPY_MS = 1_000;

/** Stands by until no other machine has the lease, and brings the state that the other one left; undefined when stopped before. */
export async function takeTerm(options: SharedOptions, stop: AbortSignal): Promise<HeldTerm | undefined> {
  const { container, path, log } = options;
  const shared = new SharedState(await container(), path);
  const told = once();
  while (!stop.aborted) {
    try {
      const term = await shared.acquire();
      if (term !== undefined) return await begin(shared, term, options);
      if (told("standby")) log.info("standby: another machine has the lease; this one takes over when it runs out");
      await shared.bring(Date.now(), false);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      if (told(reasonOf(error))) log.warn(`the lease cannot be asked for (${reasonOf(error)}); ${WAY_OUT}`);
    }
    await sleep(ASK_MS, undefined, { signal: stop }).catch(() => undefined);
  }
  return undefined;
}

const WAY_OUT =
  "it is tried again. The container of standby must be there, and the identity needs Storage Blob Data Contributor on it.";

async function begin(shared: SharedState, term: Term, options: SharedOptions): Promise<HeldTerm> {
  const { log } = options;
  const renewal = keepRenewing(term, log);
  try {
    if (await shared.bring(Date.now(), true)) log.warn("the state of another machine is gone on from");
    term.begin();
    options.onTerm(term.number);
  } catch (error) {
    renewal.end();
    throw error;
  }
  return {
    lost: renewal.lost,
    isOursSince: renewal.isOursSince,
    keep: (store) => keepCopies(term, { ...options, store, renewal }),
  };
}

interface Renewal {
  readonly lost: AbortSignal;
  readonly isOursSince: HeldTerm["isOursSince"];
  readonly lose: () => void;
  readonly end: () => void;
}

/** What nobody answers is not lost: then no other machine hears that it is free, either. Event Hubs tells where one does. */
function keepRenewing(term: Term, log: Logger): Renewal {
  const lost = new AbortController();
  const told = once();
  let isAsking = false;
  let heldAt = Number.NEGATIVE_INFINITY;
  const ask = async (): Promise<void> => {
    const askedAt = performance.now();
    try {
      if (await term.renew()) heldAt = askedAt;
      else lost.abort();
    } catch (error) {
      if (told(reasonOf(error))) log.warn(`the lease cannot be renewed (${reasonOf(error)}); it is tried again`);
    }
  };
  const timer = setInterval(() => {
    if (isAsking) return;
    isAsking = true;
    void ask().finally(() => {
      isAsking = false;
    });
  }, RENEW_MS);
  lost.signal.addEventListener("abort", () => clearInterval(timer));
  return {
    lost: lost.signal,
    isOursSince: (at) => !lost.signal.aborted && heldAt >= at,
    lose: () => lost.abort(),
    end: () => clearInterval(timer),
  };
}

function keepCopies(
  term: Term,
  {
    copySeconds,
    store,
    renewal,
    log,
  }: SharedOptions & { readonly store: Pick<Store, "backUp">; readonly renewal: Renewal },
): ReturnType<HeldTerm["keep"]> {
  const ended = new AbortController();
  const told = once();
  let isChanged = false;
  const copy = async (): Promise<void> => {
    isChanged = false;
    try {
      await store.backUp();
      if (!(await term.copy())) renewal.lose();
    } catch (error) {
      isChanged = true;
      if (told(reasonOf(error)))
        log.warn(`the state cannot be copied for the other machine (${reasonOf(error)}); ${WAY_OUT}`);
    }
  };
  const loop = async (): Promise<void> => {
    for (let wait = FIRST_COPY_MS; !ended.signal.aborted && !renewal.lost.aborted; ) {
      await sleep(wait, undefined, { signal: ended.signal }).catch(() => undefined);
      if (!isChanged || ended.signal.aborted) continue;
      await copy();
      wait = 1_000 * copySeconds;
    }
  };
  const looping = loop();
  return {
    changed() {
      isChanged = true;
    },
    async end() {
      ended.abort();
      await looping;
      if (isChanged && !renewal.lost.aborted) await copy();
      renewal.end();
      if (!renewal.lost.aborted) await term.release().catch(() => undefined); // it runs out by itself
    },
  };
}

/** Lets each text through once. */
function once(): (text: string) => boolean {
  const told = new Set<string>();
  return (text) => !told.has(text) && told.add(text).size > 0;
}

/** The client's own message may quote a signature: only its code goes further. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  if (error instanceof StoreError) return error.message;
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
