import { entry } from "../lib/entry.ts";
import type { DurationMs } from "../model/time.ts";
import { MOST_SIDE, pairProbabilities } from "./marginals.ts";

/** A gateway request to Cosmos DB that no id joined to an operation. */
export interface LoneRequest {
  readonly entry: number;
  readonly at: DurationMs;
  readonly totalMs: DurationMs;
  readonly backendMs: DurationMs;
  readonly status: number;
  /** Undefined where the log does not tell which account or container was called. */
  readonly account: string | undefined;
  readonly container: string | undefined;
  /** API and operation of the gateway. */
  readonly what: string;
}

/** An operation of Cosmos DB that no id joined to a gateway request. */
export interface LoneOperation {
  readonly entry: number;
  readonly at: DurationMs;
  readonly durationMs: DurationMs;
  readonly status: number;
  readonly account: string;
  readonly container: string;
  /** Container and operation. */
  readonly what: string;
}

/** Times are in one unit and from one moment, those of each list ascending. */
export interface Lone {
  readonly requests: readonly LoneRequest[];
  readonly operations: readonly LoneOperation[];
  /** Only what begins before is decided. */
  readonly until: DurationMs;
  /** What begins later is not known yet. */
  readonly known: DurationMs;
}

export interface Pair {
  readonly request: number;
  readonly operation: number;
  readonly probability: number;
  /** Operations that could have been the request's. */
  readonly candidates: number;
}

export interface Paired {
  /** Likelier than not, so that no request and no operation is in two. */
  readonly pairs: readonly Pair[];
  /** Entries that were decided, paired or not. */
  readonly decided: readonly number[];
  /** Requests that could not be weighed: too many rivals, or too long. */
  readonly crowded: number;
}

interface Edge {
  readonly request: number;
  readonly operation: number;
}

/** By the edges of a request, and of an operation. */
interface Graph {
  readonly edges: readonly Edge[];
  readonly ofRequest: readonly number[];
  readonly ofOperation: readonly number[];
}

/** Most edges of one block: beyond, all its requests are too crowded. */
const MOST_EDGES = 200_000;

/** Pairs requests with operations by what both tell of themselves; a pure function of its input. */
export function pairUp(lone: Lone): Paired {
  const graph = graphOf(lone);
  if (graph === undefined)
    return { pairs: [], decided: [], crowded: lone.requests.filter(({ at }) => at < lone.until).length };
  const weigh = weigherOf(lone, graph);
  const pairs: Pair[] = [];
  const decided: number[] = [];
  let crowded = 0;
  for (const edges of componentsOf(lone, graph)) {
    const part = partOf(lone, edges);
    if (part.first >= lone.until) continue;
    for (const i of part.requests) decided.push(lone.requests[i]?.entry ?? -1);
    for (const i of part.operations) decided.push(lone.operations[i]?.entry ?? -1);
    if (part.last > lone.known || part.requests.length > MOST_SIDE || part.operations.length > MOST_SIDE)
      crowded += part.requests.length;
    else if (isOfOneAccount(lone, part)) pairs.push(...pairsOf(lone, { ...part, edges }, weigh));
  }
  return { pairs, decided, crowded };
}

function graphOf({ requests, operations }: Lone): Graph | undefined {
  const edges: Edge[] = [];
  const ofRequest = requests.map(() => 0);
  const ofOperation = operations.map(() => 0);
  let from = 0;
  for (const [request, one] of requests.entries()) {
    while ((operations[from]?.at ?? Number.POSITIVE_INFINITY) <= one.at) from += 1;
    for (let operation = from; operation < operations.length; operation++) {
      const other = operations[operation];
      if (other === undefined || other.at > one.at + one.totalMs) break;
      if (!canBe(one, other)) continue;
      edges.push({ request, operation });
      ofRequest[request] = (ofRequest[request] ?? 0) + 1;
      ofOperation[operation] = (ofOperation[operation] ?? 0) + 1;
      if (edges.length > MOST_EDGES) return undefined;
    }
  }
  return { edges, ofRequest, ofOperation };
}

/** Clocks of the two services differ by this much. */
const SKEW_MS = 1;

/** Whether the operation began and ended while the request waited for its backend, and nothing that both tell differs. */
export const canBe = (request: LoneRequest, operation: LoneOperation): boolean =>
  operation.status === request.status &&
  operation.durationMs <= request.backendMs &&
  operation.at > request.at &&
  operation.at + operation.durationMs <= request.at + request.totalMs + SKEW_MS &&
  (request.account === undefined || request.account === operation.account) &&
  (request.container === undefined || request.container === operation.container);

function componentsOf({ requests, operations }: Lone, { edges }: Graph): readonly (readonly Edge[])[] {
  const parent = Int32Array.from({ length: requests.length + operations.length }, (_, i) => i);
  const rootOf = (node: number): number => {
    let at = node;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at] ?? at] ?? at;
      at = parent[at] ?? at;
    }
    return at;
  };
  for (const { request, operation } of edges) parent[rootOf(request)] = rootOf(requests.length + operation);
  const parts = new Map<number, Edge[]>();
  for (const edge of edges) {
    entry(parts, rootOf(edge.request), () => [] as Edge[]).push(edge);
  }
  return [...parts.values()];
}

interface Part {
  readonly requests: readonly number[];
  readonly operations: readonly number[];
  readonly first: DurationMs;
  /** When the last request has ended. */
  readonly last: DurationMs;
}

function partOf(lone: Lone, edges: readonly Edge[]): Part {
  const requests = [...new Set(edges.map(({ request }) => request))];
  const operations = [...new Set(edges.map(({ operation }) => operation))];
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const i of requests) {
    const { at, totalMs } = lone.requests[i] ?? { at: 0, totalMs: 0 };
    first = Math.min(first, at);
    last = Math.max(last, at + totalMs);
  }
  return { requests, operations, first, last };
}

/** Where the log does not tell which account a request went to, its candidates must not leave it open either. */
function isOfOneAccount(lone: Lone, { requests, operations }: Part): boolean {
  if (requests.every((i) => lone.requests[i]?.account !== undefined)) return true;
  return new Set(operations.map((i) => lone.operations[i]?.account)).size === 1;
}

type Weigh = (edge: Edge) => number;

function pairsOf(lone: Lone, part: Part & { readonly edges: readonly Edge[] }, weigh: Weigh): readonly Pair[] {
  const { requests, operations, edges } = part;
  const weights = requests.map(() => operations.map(() => 0));
  const candidates = requests.map(() => 0);
  for (const edge of edges) {
    const at = requests.indexOf(edge.request);
    const row = weights[at];
    if (row !== undefined) row[operations.indexOf(edge.operation)] = weigh(edge);
    candidates[at] = (candidates[at] ?? 0) + 1;
  }
  return pairProbabilities(weights).flatMap((row, i) =>
    row.flatMap((probability, j) =>
      probability > 0.5
        ? [
            {
              request: lone.requests[requests[i] ?? -1]?.entry ?? -1,
              operation: lone.operations[operations[j] ?? -1]?.entry ?? -1,
              probability,
              candidates: candidates[i] ?? 0,
            },
          ]
        : [],
    ),
  );
}

/** Weighs a pair against neither having a partner, by what the block itself shows. */
function weigherOf(lone: Lone, graph: Graph): Weigh {
  const { requests, operations } = lone;
  const missing = (requests.filter((_, i) => graph.ofRequest[i] === 0).length + 1) / (requests.length + 2);
  const strangers = strangersPerMs(lone, graph);
  const backend = Math.max(1, mean(requests.map(({ backendMs }) => backendMs)));
  const slack = usualSlack(lone, graph, backend);
  const affinity = affinityOf(lone, graph);
  return (edge) => {
    const request = requests[edge.request];
    const operation = operations[edge.operation];
    if (request === undefined || operation === undefined) return 0;
    const inTime = 1 / (request.totalMs - operation.durationMs + SKEW_MS + 1) / strangers;
    const over = request.backendMs - operation.durationMs;
    const asLong = (Math.exp(-over / slack) / slack) * backend;
    return ((1 - missing) / missing) * inTime * Math.max(1e-6, asLong) * affinity(edge);
  };
}

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);

/** Operations a millisecond that belong to no request: as dense as where no request waits. */
function strangersPerMs({ requests, operations, known }: Lone, { ofOperation }: Graph): number {
  const from = Math.min(requests[0]?.at ?? known, operations[0]?.at ?? known);
  const span = Math.max(1_000, known - from);
  let covered = 0;
  let end = from;
  for (const { at, totalMs } of requests) {
    covered += Math.max(0, at + totalMs - Math.max(at, end));
    end = Math.max(end, at + totalMs);
  }
  const alone = ofOperation.filter((count) => count === 0).length;
  return (alone + 1) / Math.max(0.05 * span, span - covered);
}

/** Fewer clear pairs tell nothing. */
const CLEAR_PAIRS = 8;

/** Mean time on the way between gateway and Cosmos DB, of the pairs that have no rivals. */
function usualSlack({ requests, operations }: Lone, graph: Graph, backend: number): number {
  const clear = graph.edges
    .filter(({ request, operation }) => graph.ofRequest[request] === 1 && graph.ofOperation[operation] === 1)
    .map(({ request, operation }) => (requests[request]?.backendMs ?? 0) - (operations[operation]?.durationMs ?? 0));
  return Math.max(0.5, clear.length < CLEAR_PAIRS ? 0.5 * backend : mean(clear));
}

/** A pair's own share is as if this many others had been seen that say nothing. */
const PRIOR = 2;

/**
 * How much likelier an operation of its kind is for a request of its kind than among strangers, which can have any
 * container, operation and status; each pair is judged by the others.
 */
function affinityOf({ requests, operations }: Lone, graph: Graph): Weigh {
  const pairs = new Map<string, number>();
  const ofRequests = new Map<string, number>();
  const ofOperations = new Map<string, number>();
  let all = 0;
  const add = (to: Map<string, number>, key: string, share: number): void =>
    void to.set(key, (to.get(key) ?? 0) + share);
  const keysOf = ({ request, operation }: Edge): readonly [string, string, number] => [
    requests[request]?.what ?? "",
    operations[operation]?.what ?? "",
    1 / Math.max(1, graph.ofRequest[request] ?? 1, graph.ofOperation[operation] ?? 1),
  ];
  const strange = new Map<string, number>();
  const ofKind = (one: LoneOperation | undefined): string => `${one?.what}|${one?.status}`;
  const strangers = operations.filter((_, i) => graph.ofOperation[i] === 0);
  for (const stranger of strangers) add(strange, ofKind(stranger), 1);
  for (const edge of graph.edges) {
    const [request, operation, share] = keysOf(edge);
    add(pairs, `${request}\n${operation}`, share);
    add(ofRequests, request, share);
    add(ofOperations, operation, share);
    all += share;
  }
  return (edge) => {
    const [request, operation, share] = keysOf(edge);
    const usual = Math.max(1e-3, (ofOperations.get(operation) ?? 0) / Math.max(1, all));
    const seen = (pairs.get(`${request}\n${operation}`) ?? 0) - share;
    const others = (ofRequests.get(request) ?? 0) - share;
    const odd = (strange.get(ofKind(operations[edge.operation])) ?? 0) + PRIOR * usual;
    return ((seen + PRIOR * usual) / (others + PRIOR)) * ((strangers.length + PRIOR) / odd);
  };
}
