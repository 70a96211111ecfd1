import { z } from "zod";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load-config.ts";
import { plainText } from "../lib/plain-text.ts";
import type { RejectCount, RejectRow, Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import { askControl, type ControlRequest } from "./control.ts";
import { EXIT } from "./exit-codes.ts";
import { type Retried, retryJob } from "./reject-job.ts";
import { runJob, withStore } from "./run-job.ts";
import { stopSignal } from "./stop-signal.ts";

export interface RejectsFlags {
  readonly config: string;
  readonly json?: boolean;
  readonly reason?: string;
  readonly id?: number;
}

/** The rejects of a state, in this process or in the `serve` that has it. */
interface Access {
  counts(): Promise<readonly RejectCount[]>;
  page(after: number, limit: number, reason?: string): Promise<readonly RejectRow[]>;
  retry(reason?: string): Promise<Retried>;
}

/** Gives the exit code. */
export async function runRejects(what: "list" | "show" | "retry" | "export", flags: RejectsFlags): Promise<number> {
  const config = await loadConfig(flags.config);
  if (!config.ok) return usage(config.error);
  try {
    return await withAccess(config.value, (access) => act(what, flags, access));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return usage([error.message]);
  }
}

async function act(what: "list" | "show" | "retry" | "export", flags: RejectsFlags, access: Access): Promise<number> {
  switch (what) {
    case "list":
      print(flags.json === true ? JSON.stringify(await access.counts()) : table(await access.counts()));
      return EXIT.ok;
    case "show": {
      const { id = 0 } = flags;
      const [row] = await access.page(id - 1, 1);
      if (row?.id !== id) return usage([`no reject ${id} is kept`]);
      print(JSON.stringify(row, undefined, 2));
      return EXIT.ok;
    }
    case "export":
      return exportAll(flags, access);
    case "retry": {
      const { read, stillRejected, notKept } = await access.retry(flags.reason);
      print(`${read} read, ${stillRejected} still rejected, ${notKept} of which only a sample was kept`);
      return EXIT.ok;
    }
  }
}

const PAGE = 200;

async function exportAll({ reason }: RejectsFlags, access: Access): Promise<number> {
  for (let after = 0; ; ) {
    const rows = await access.page(after, PAGE, reason);
    for (const row of rows) print(JSON.stringify(row));
    const last = rows.at(-1);
    if (last === undefined) return EXIT.ok;
    after = last.id;
  }
}

function table(counts: readonly RejectCount[]): string {
  if (counts.length === 0) return "No record was rejected.";
  const lines = counts.map(({ count, kept, source, partition, stage, reason }) =>
    plainText(`${String(count).padStart(10)} ${String(kept).padStart(8)}  ${stage}/${reason}  ${source}/${partition}`),
  );
  return ["     count     kept  reason  where", ...lines].join("\n");
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function withAccess<T>(config: Config, work: (access: Access) => Promise<T>): Promise<T> {
  if ((await askControl(config.state, { do: "reject-counts" }, () => undefined)) !== undefined)
    return work(remote(config.state));
  return withStore(config, (store) => work(local(config, store)));
}

function local(config: Config, store: Store): Access {
  return {
    counts: async () => store.rejectCounts(),
    page: async (after, limit, reason) => store.rejects({ after, limit, reason }),
    async retry(reason) {
      let retried: Retried = { read: 0, stillRejected: 0, notKept: 0 };
      const onDone = (end: Retried): void => {
        retried = end;
      };
      const job = retryJob({ store, joinBy: config.joinBy, reason, onDone });
      const { failure } = await runJob(job, { config, store, stop: stopSignal() });
      if (failure !== undefined) throw failure;
      return retried;
    },
  };
}

const text = z.string();
const number = z.number();
const Row = z.object({
  id: number,
  source: text,
  partition: text,
  sequence: number,
  place: number,
  stage: text,
  reason: text,
  detail: text,
  sample: text,
  raw: text.exactOptional(),
});
const Count = z.object({ source: text, partition: text, stage: text, reason: text, count: number, kept: number });
const Retries = z.object({ read: number, stillRejected: number, notKept: number });

function remote(state: string): Access {
  const ask = async (request: ControlRequest): Promise<unknown> => {
    let said: unknown;
    const end = await askControl(state, request, (value) => {
      said = value;
    });
    if (end?.kind !== "done") throw new Error(end?.kind === "failed" ? end.because : "serve is gone");
    return said;
  };
  return {
    counts: async () => z.array(Count).parse(await ask({ do: "reject-counts" })),
    page: async (after, limit, reason) => z.array(Row).parse(await ask({ do: "rejects", after, limit, reason })),
    retry: async (reason) => Retries.parse(await ask({ do: "retry", reason })),
  };
}

function usage(faults: readonly string[]): number {
  for (const fault of faults) process.stderr.write(`rejects: ${fault}\n`);
  return EXIT.usage;
}
