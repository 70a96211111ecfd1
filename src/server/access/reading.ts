import { AsyncLocalStorage } from "node:async_hooks";
import type { MiddlewareHandler } from "hono";
import type { Access } from "../../model/access.ts";
import { whoAsks } from "./access.ts";

/** Who reads by which request: known to what is called while it is answered. */
export interface Reader extends Pick<Access, "who" | "via"> {
  /** Rows of a list that was given. */
  rows: number | undefined;
}

const readers = new AsyncLocalStorage<Reader>();

/** Whose request is being answered; undefined outside of one. */
export const readerOf = (): Reader | undefined => readers.getStore();

const DOWNLOAD = /^(?:text\/csv|application\/x-ndjson)\b/;

/** Knows the reader while a request is answered, and notes lists that were taken away as files. */
export function noteReaders(note: (access: Omit<Access, "at">) => void): MiddlewareHandler {
  return async (context, next) => {
    const { path, url } = context.req;
    const reader: Reader = { who: whoAsks(context).name, via: path, rows: undefined };
    await readers.run(reader, next);
    if (reader.rows === undefined || !DOWNLOAD.test(context.res.headers.get("content-type") ?? "")) return;
    const { who, via, rows } = reader;
    note({ who, via, rows, what: "download", filter: new URL(url).search, outcome: "ok" });
  };
}
