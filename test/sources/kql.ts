import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** The members of Microsoft's parser that are used here; it comes as a script that sets globals, without types. */
interface Listed<T> {
  readonly Count: number;
  getItem(at: number): T;
}
interface Code {
  GetDiagnostics(): Listed<{ readonly Code: string; readonly Message: string; readonly Severity: string }>;
  readonly ResultType: { readonly Columns: Listed<{ readonly Name: string }> };
}
interface Language {
  readonly Symbols: {
    readonly TableSymbol: { readonly $ctor7: new (name: string, columns: string, description: null) => object };
    readonly DatabaseSymbol: {
      readonly $ctor3: new (name: string, alias: null, members: readonly object[], isOpen: boolean) => object;
    };
  };
  readonly KustoCode: { ParseAndAnalyze(text: string, globals: object): Code };
  readonly GlobalState: { readonly Default: { WithDatabase(database: object): object } };
}

export interface Kql {
  /** Code and message of each fault, in the order of the text. */
  faults(text: string): readonly string[];
  /** Columns of the result. */
  columns(text: string): readonly string[];
}

const Tables = z.object({ tables: z.record(z.string(), z.record(z.string(), z.string())) });

/** Columns that every table has, or that legacy diagnostics put into one. */
const STANDARD = { TimeGenerated: "datetime", Type: "string", _ResourceId: "string" };
const DIAGNOSTICS = { Category: "string", OperationName: "string", ResourceId: "string", ResourceProvider: "string" };

const itemsOf = <T>(list: Listed<T>): T[] => Array.from({ length: list.Count }, (_, i) => list.getItem(i));

/** Microsoft's own parser with the tables that Azure documents. */
export function createKql(load: NodeJS.Require): Kql {
  load("@kusto/language-service-next/bridge.min.js");
  load("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const language = (Reflect.get(globalThis, "Kusto") as { readonly Language: Language }).Language;
  const { tables } = Tables.parse(JSON.parse(readFileSync(join(import.meta.dirname, "tables/columns.json"), "utf8")));
  const symbols = Object.entries({ ...tables, AzureDiagnostics: DIAGNOSTICS }).map(([name, columns]) => {
    const all = Object.entries({ ...STANDARD, ...columns }).map(([column, type]) => `['${column}']: ${type}`);
    return new language.Symbols.TableSymbol.$ctor7(name, `(${all.join(", ")})`, null);
  });
  const database = new language.Symbols.DatabaseSymbol.$ctor3("workspace", null, symbols, false);
  const globals = language.GlobalState.Default.WithDatabase(database);
  const analyze = (text: string): Code => language.KustoCode.ParseAndAnalyze(text, globals);
  return {
    faults(text) {
      const list = analyze(text).GetDiagnostics();
      return itemsOf(list).map(({ Code: code, Message }) => `${code} ${Message}`);
    },
    columns(text) {
      const list = analyze(text).ResultType.Columns;
      return itemsOf(list).map(({ Name }) => Name);
    },
  };
}
