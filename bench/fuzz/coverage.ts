import binaryen from "binaryen";
import { Scanner } from "../../src/decode/scan/scanner.ts";

const MEMORY = "fuzz-coverage";
const PAGE = 65_536;

/** A scanner whose module counts where each of its conditions goes. */
export interface Watched {
  readonly scanner: Scanner;
  /** One byte an edge, how often it was gone since it was last zeroed, at most 255. */
  readonly edges: Uint8Array;
}

type Node = string | Node[];

const OPEN = /\s*(?:;;[^\n]*\n\s*)*(\(|\)|"(?:[^"\\]|\\.)*"|[^\s()"]+)/y;

/** The WebAssembly text as nested lists. */
function parseText(text: string): Node[] {
  const around: Node[][] = [[]];
  OPEN.lastIndex = 0;
  for (let match = OPEN.exec(text); match !== null; match = OPEN.exec(text)) {
    const token = match[1] ?? "";
    if (token === "(") around.push([]);
    else if (token === ")") {
      const list = around.pop() ?? [];
      around.at(-1)?.push(list);
    } else around.at(-1)?.push(token);
  }
  return around[0] ?? [];
}

const printed = (node: Node): string => (typeof node === "string" ? node : `(${node.map(printed).join(" ")})`);

/** Index of what decides in an instruction: of the condition of a branch, of a choice, of a table of branches. */
function deciding(list: readonly Node[]): number {
  const [word] = list;
  if (word === "br_if" || word === "br_table" || word === "select") return list.length - 1;
  if (word !== "if") return -1;
  return list.findIndex((part, i) => i > 0 && typeof part !== "string" && part[0] !== "result" && part[0] !== "type");
}

/** Puts a counter around each condition; gives the number of edges. */
function countConditions(node: Node, from: number): number {
  if (typeof node === "string") return from;
  let edges = from;
  for (const part of node) edges = countConditions(part, edges);
  const at = deciding(node);
  const condition = node[at];
  if (condition === undefined) return edges;
  const last = node[0] === "br_table" ? node.filter((part) => typeof part === "string").length - 2 : 1;
  node[at] = ["call", "$went", condition, ["i32.const", String(edges)], ["i32.const", String(last)]];
  return edges + last + 1;
}

/** Counts at `base`, or at the way of a table that is gone, up to `last`. */
const WENT = `(func $went (param $way i32) (param $base i32) (param $last i32) (result i32) (local $at i32)
  (local.set $at (i32.add (local.get $base) (select (local.get $way) (local.get $last)
    (i32.lt_u (local.get $way) (local.get $last)))))
  (i32.store8 $coverage (local.get $at) (i32.add (i32.load8_u $coverage (local.get $at))
    (i32.lt_u (i32.load8_u $coverage (local.get $at)) (i32.const 255))))
  (local.get $way))`;

/** The module with counters in a memory of its own, as it ships otherwise. */
function instrumented(bytes: Uint8Array): { readonly bytes: Uint8Array<ArrayBuffer>; readonly edges: number } {
  const before = binaryen.readBinary(bytes);
  before.setFeatures(binaryen.Features.All);
  const [root] = parseText(before.emitText());
  before.dispose();
  if (root === undefined || typeof root === "string") throw new Error("the text of the module is no list");
  const edges = countConditions(root, 0);
  if (edges > PAGE) throw new Error(`${edges} edges do not fit in a page`);
  const more = `(memory $coverage 1) (export "${MEMORY}" (memory $coverage)) ${WENT}`;
  const after = binaryen.parseText(`${printed(root).slice(0, -1)} ${more})`);
  after.setFeatures(binaryen.Features.All);
  if (after.validate() === 0) throw new Error("the module with counters is not valid");
  const counted = Uint8Array.from(after.emitBinary());
  after.dispose();
  return { bytes: counted, edges };
}

const { Module, Instance } = WebAssembly;
let known: { readonly module: WebAssembly.Module; readonly edges: number } | undefined;

/** The scanner compiles its module itself: while it is made, what compiles and starts modules is ours. */
export function watchedScanner(seed: number): Watched {
  let edges: Uint8Array | undefined;
  const ours = {
    // oxlint-disable-next-line object-shorthand
    Module: function (bytes: Uint8Array<ArrayBuffer>) {
      if (known === undefined) {
        const counted = instrumented(bytes);
        known = { module: new Module(counted.bytes), edges: counted.edges };
      }
      return known.module;
    },
    // oxlint-disable-next-line object-shorthand
    Instance: function (module: WebAssembly.Module, imports: ConstructorParameters<typeof Instance>[1]) {
      const instance = new Instance(module, imports);
      const { [MEMORY]: memory } = instance.exports as unknown as Readonly<Record<typeof MEMORY, WebAssembly.Memory>>;
      edges = new Uint8Array(memory.buffer, 0, known?.edges ?? 0);
      return instance;
    },
  };
  try {
    Object.assign(WebAssembly, ours);
    const scanner = new Scanner(seed);
    if (edges === undefined) throw new Error("the scanner did not start its module");
    return { scanner, edges };
  } finally {
    Object.assign(WebAssembly, { Module, Instance });
  }
}
