import { buildCall, type Trial, trialsOf } from "../../src/correlate/call.ts";
import { networkOf, userAgentFamily } from "../../src/correlate/network.ts";
import { COLUMNS, COMPARED } from "../../src/detect/columns.ts";
import { DIMENSIONS, type Call } from "../../src/model/call.ts";
import type { DataPlaneOperation, GatewayRequest } from "../../src/model/event.ts";
import { epochMs, msBetween } from "../../src/model/time.ts";

interface PlainCell {
  bin: number;
  n: number;
  total: number;
}

interface PlainRow {
  readonly ids: readonly number[];
  readonly unit: number;
  weight: number;
  readonly status: number;
  readonly call: string;
}

const DECAY = 0.5 ** (1 / 4_320);

/** What detection counts of calls, said with texts and maps, one trial in one cell at a time. Holds nothing back. */
export class Plainly {
  readonly values: readonly Map<string, number>[] = COLUMNS.map(() => new Map());
  readonly cells: readonly Map<string, PlainCell>[] = COLUMNS.map(() => new Map());
  readonly units = new Map<string, number>();
  readonly unitCells = new Map<string, PlainCell>();
  readonly succeeded: PlainRow[] = [];
  /** By symptom. */
  readonly refused = new Map<string, PlainRow[]>();
  readonly #since = new Map<string, { readonly at: Call["time"]; readonly unit: string }>();
  readonly #runs = new Map<string, { readonly counted: number; readonly at: Call["time"]; readonly row: PlainRow }>();
  never = 0;

  count(gateway: GatewayRequest | undefined, operations: readonly DataPlaneOperation[]): void {
    const call = buildCall(gateway, operations);
    for (const [i, trial] of trialsOf(call).entries()) {
      if (trial.outcome.kind === "succeeded") this.#succeed(call, trial, i === 0 ? 1 : 0);
      else if (trial.outcome.kind === "refused") this.#refuse(call, trial, trial.outcome.symptom);
    }
  }

  #refuse(call: Call, trial: Trial, symptom: string): void {
    const since = unitsOf(call, trial)
      .map((unit) => this.#since.get(unit))
      .find((one) => one !== undefined && msBetween(call.time, one.at) <= 86_400_000);
    if (since === undefined) {
      this.never += 1;
      return;
    }
    const run = this.#runs.get(since.unit);
    const passed = run === undefined ? Number.POSITIVE_INFINITY : msBetween(call.time, run.at);
    if (run !== undefined && (passed < 5_000 || (run.counted >= 4 && passed < 10_000))) {
      run.row.weight += 1;
      return;
    }
    const row = this.#row(call, trial, { unit: since.unit, weight: 1 });
    this.refused.set(symptom, [...(this.refused.get(symptom) ?? []), row]);
    this.#runs.set(since.unit, { counted: (run?.counted ?? 0) + 1, at: call.time, row });
  }

  #succeed(call: Call, trial: Trial, weight: number): void {
    const units = unitsOf(call, trial);
    if (call.outcome.kind === "succeeded")
      for (const unit of units) {
        this.#runs.delete(unit);
        const last = this.#since.get(unit);
        if (last === undefined || msBetween(call.time, last.at) >= 60_000)
          this.#since.set(unit, { at: call.time, unit: units[0] ?? unit });
      }
    const first = units[0] ?? "unknown";
    this.succeeded.push(this.#row(call, trial, { unit: weight === 1 ? first : `${first}|further`, weight }));
  }

  #row(call: Call, trial: Trial, { unit, weight }: { readonly unit: string; readonly weight: number }): PlainRow {
    const id = idIn(this.units, unit);
    const bin = Math.floor(epochMs(call.time) / 10_000);
    addTo(this.unitCells, unit, bin);
    const ids = COLUMNS.map((column, i) => {
      const value = valueOf(call, trial, column);
      const values = this.values[i];
      if (value === undefined || value === "" || values === undefined) return -1;
      if (COMPARED[i] === true) addTo(this.cells[i], value, bin);
      return idIn(values, value);
    });
    const status = call.gateway?.status ?? trial.operation?.status ?? 200;
    return { ids, unit: id, weight, status, call: call.id };
  }
}

function idIn(ids: Map<string, number>, text: string): number {
  const id = ids.get(text) ?? ids.size;
  ids.set(text, id);
  return id;
}

function addTo(cells: Map<string, PlainCell> | undefined, value: string, bin: number): void {
  const cell = cells?.get(value) ?? { bin, n: 0, total: 0 };
  cells?.set(value, cell);
  if (cell.bin !== bin) {
    cell.total *= DECAY ** (bin - cell.bin);
    cell.bin = bin;
    cell.n = 0;
  }
  cell.n += 1;
  cell.total += 1;
}

function valueOf(call: Call, { dimensions, operation }: Trial, column: (typeof COLUMNS)[number]): string | undefined {
  if (column === "callerAddress") return call.gateway?.callerAddress;
  if (column === "clientAddress") return operation?.clientAddress;
  const dimension = DIMENSIONS.find((one) => one === column);
  return dimension === undefined ? undefined : dimensions[dimension];
}

function unitsOf({ gateway }: Call, { operation }: Trial): readonly string[] {
  if (gateway !== undefined) return gatewayUnits(gateway);
  if (operation === undefined) return [];
  const what = `${operation.account}|${operation.container ?? ""}|${operation.operation}`;
  const client = `client|${operation.clientAddress === undefined ? "" : networkOf(operation.clientAddress)}|${what}`;
  return operation.principal === undefined ? [client] : [`principal|${operation.principal}|${what}`, client];
}

function gatewayUnits(gateway: GatewayRequest): readonly string[] {
  const { claims, subscription, callerAddress, userAgent } = gateway;
  const what = `${gateway.api ?? ""}|${gateway.operation ?? gateway.method ?? ""}`;
  const network = callerAddress === undefined ? "" : networkOf(callerAddress);
  const agent = userAgent === undefined ? "" : (userAgentFamily(userAgent) ?? "");
  const isOpen = claims === undefined && subscription === undefined;
  return [
    ...(claims?.state === "validated" ? [`app|${claims.appId ?? claims.objectId ?? ""}|${what}`] : []),
    ...(subscription === undefined ? [] : [`subscription|${subscription}|${what}`]),
    ...(claims?.appId === undefined ? [] : [`network-app|${network}|${claims.appId}|${what}`]),
    ...((gateway.status > 0 && gateway.status < 400) || isOpen ? [`network|${network}|${agent}|${what}`] : []),
  ];
}
