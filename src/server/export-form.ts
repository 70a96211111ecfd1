import { shellQuoted } from "../lib/shell-quote.ts";

/** What the page asks about an export to be made; texts are as they were written. */
export interface ExportForm {
  readonly from: string;
  readonly to: string;
  readonly principal: string;
  readonly container: string;
  readonly finding: string;
  readonly format: string;
  readonly redact: string;
  /** What cannot be used, a sentence each: the command leaves it out. */
  readonly faults: readonly string[];
}

export const FORMATS = ["parquet", "arrow", "csv", "ndjson", "cef"] as const;

export const REDACTIONS = [
  ["", "as logged"],
  ["address=truncate,identity=pseudonym,agent=drop,text=drop", "pseudonyms, networks"],
  ["address=drop,identity=drop,agent=drop,text=drop", "nobody"],
] as const;

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?Z)?$/;
const LONGEST = 200;

export function formOf(asked: (name: string) => string | undefined): ExportForm {
  const text = (name: string): string => (asked(name) ?? "").trim().slice(0, LONGEST);
  const format = FORMATS.find((one) => one === text("format")) ?? FORMATS[0];
  const redact = REDACTIONS.find(([value]) => value === text("redact"))?.[0] ?? "";
  const [from, to] = [text("from"), text("to")];
  const faults = [
    ...[from, to].flatMap((time) =>
      time === "" || TIME.test(time) ? [] : [`“${time}” is no day or time such as 2026-03-01 or 2026-03-01T12:00:00Z.`],
    ),
    ...(TIME.test(from) && TIME.test(to) && to <= from ? ["The range ends before it begins."] : []),
  ];
  const named = { principal: text("principal"), container: text("container"), finding: text("finding") };
  return { from, to, ...named, format, redact, faults };
}

/** The command for a shell; what a person wrote is one word of it, whatever it holds. */
export function exportCommand({ from, to, principal, container, finding, format, redact }: ExportForm): string {
  const options: readonly (readonly [string, string])[] = [
    ["--from", TIME.test(from) ? from : ""],
    ["--to", TIME.test(to) ? to : ""],
    ["--principal", principal],
    ["--container", container],
    ["--finding", finding],
    ["--format", format],
    ["--redact", redact],
    ["--redact-key", redact.includes("pseudonym") ? "env:PSEUDONYMS" : ""],
    ["--out", "evidence/"],
  ];
  const words = options.flatMap(([name, value]) => (value === "" ? [] : [name, word(value)]));
  return ["scopetrail export", ...words].join(" ");
}

const word = (value: string): string => (/^[\w./:=,-]+$/.test(value) ? value : shellQuoted(value));
