import type { Message, Sender } from "rhea";
import { long, mapSection, SECTION, string, symbol, timestamp } from "./amqp-bytes.ts";
import type { Hub } from "./event-hubs-hub.ts";
import type { PartitionLog, StoredEvent } from "./event-hubs-log.ts";

/** What is known of one client's receiver of one partition. */
export interface ReaderState {
  readonly hub: string;
  readonly partition: string;
  readonly group: string;
  readonly epoch: number | undefined;
  readonly filter: string;
  /** Events sent, and the most that the client ever allowed at once. */
  readonly sent: number;
  readonly mostCredit: number;
}

/** The client's receiver is a sender here. */
export interface Reader {
  readonly sender: Sender;
  state(): ReaderState;
  pump(): void;
  stop(): void;
}

interface Refusal {
  readonly condition: string;
  readonly description: string;
}

/** Readers per partition and consumer group without an epoch. learn.microsoft.com/azure/event-hubs/event-hubs-quotas */
const MOST_READERS = 5;
const FILTER = "apache.org:selector-filter:string";
const FROM_START = "amqp.annotation.x-opt-offset > '-1'";

/** Opens a reader where hub, group, partition, filter and owner level allow it; ends those that it displaces. */
export function openReader(sender: Sender, hubs: ReadonlyMap<string, Hub>, readers: Set<Reader>): Reader | undefined {
  const place = placeOf(sender, hubs);
  if ("condition" in place) {
    sender.close(place);
    return undefined;
  }
  const { hub, group, log } = place;
  const epoch = epochOf(sender);
  const peers = [...readers].filter((other) => {
    const state = other.state();
    return state.hub === hub.name && state.group === group && state.partition === log.id;
  });
  const refusal = ownershipRefusal(epoch, peers) ?? filterRefusal(log, filterOf(sender));
  if (refusal !== undefined) {
    sender.close(refusal);
    return undefined;
  }
  if (epoch !== undefined) for (const peer of peers) displace(peer, epoch, readers);
  const reader = createReader(sender, { hub: hub.name, group, epoch }, log);
  readers.add(reader);
  return reader;
}

function placeOf(
  sender: Sender,
  hubs: ReadonlyMap<string, Hub>,
): { hub: Hub; group: string; log: PartitionLog } | Refusal {
  const { address } = sender.source;
  const [, name = "", group = "", id] = /^([^/]+)\/ConsumerGroups\/([^/]+)\/Partitions\/([^/]+)$/i.exec(address) ?? [];
  const hub = hubs.get(name.toLowerCase());
  if (hub === undefined || !hub.groups.has(group.toLowerCase()))
    return { condition: "amqp:not-found", description: `The messaging entity '${address}' could not be found.` };
  const log = hub.partitions.find((partition) => partition.id === id);
  if (log !== undefined) return { hub, group: group.toLowerCase(), log };
  const description = `The specified partition '${id}' is invalid for an EventHub partition sender or receiver.`;
  return { condition: "com.microsoft:argument-out-of-range", description };
}

function epochOf(sender: Sender): number | undefined {
  const raw: unknown = sender.properties?.["com.microsoft:epoch"];
  return raw === undefined || raw === null ? undefined : Number(raw);
}

function filterOf(sender: Sender): string {
  const raw: unknown = sender.source.filter?.[FILTER];
  if (typeof raw === "string") return raw;
  return typeof raw === "object" && raw !== null && "value" in raw ? String(raw.value) : FROM_START;
}

function ownershipRefusal(epoch: number | undefined, peers: readonly Reader[]): Refusal | undefined {
  const top = peers.reduce((most, peer) => Math.max(most, peer.state().epoch ?? -1), -1);
  const condition = "amqp:link:stolen";
  if (epoch === undefined && top >= 0)
    return {
      condition,
      description: `At least one receiver for the endpoint is created with epoch of '${top}', and so non-epoch receiver is not allowed.`,
    };
  if (epoch === undefined && peers.length >= MOST_READERS)
    return {
      condition: "amqp:resource-limit-exceeded",
      description: `Exceeded the maximum number of allowed receivers per partition in a consumer group which is ${MOST_READERS}.`,
    };
  if (epoch !== undefined && epoch < top)
    return {
      condition,
      description: `Receiver with a higher epoch '${top}' already exists. Receiver with epoch ${epoch} cannot be created.`,
    };
  return undefined;
}

function filterRefusal(log: PartitionLog, filter: string): Refusal | undefined {
  try {
    log.firstAfter(filter);
    return undefined;
  } catch (error) {
    return { condition: "com.microsoft:argument-error", description: String(error) };
  }
}

function displace(peer: Reader, epoch: number, readers: Set<Reader>): void {
  peer.stop();
  readers.delete(peer);
  const description = `New receiver with higher epoch of '${epoch}' is created hence current receiver with epoch '${peer.state().epoch ?? ""}' is getting disconnected.`;
  peer.sender.close({ condition: "amqp:link:stolen", description });
}

function createReader(sender: Sender, who: Pick<ReaderState, "hub" | "group" | "epoch">, log: PartitionLog): Reader {
  const filter = filterOf(sender);
  const wantsMetrics = [sender.desired_capabilities].flat().includes("com.microsoft:enable-receiver-runtime-metric");
  let next = log.firstAfter(filter);
  let isStopped = false;
  let sent = 0;
  let mostCredit = 0;
  const pump = (): void => {
    if (isStopped) return;
    const credit = creditOf(sender);
    mostCredit = Math.max(mostCredit, credit);
    for (let room = credit - unwritten(sender); room > 0 && sender.sendable(); room--) {
      next = Math.max(next, log.state().firstSequence);
      const event = log.at(next);
      if (event === undefined) return;
      next += 1;
      sender.send(encode(event, wantsMetrics ? log : undefined), undefined, 0);
      sent += 1;
    }
  };
  const removeListener = log.onAppend(pump);
  return {
    sender,
    state: () => ({ ...who, partition: log.id, filter, sent, mostCredit }),
    pump,
    stop() {
      isStopped = true;
      removeListener();
    },
  };
}

/** rhea lowers a link's credit when a frame is written, not when it is queued: both numbers are needed to keep to it. */
const creditOf = (sender: Sender): number => Number(Reflect.get(sender, "credit"));

function unwritten(sender: Sender): number {
  const outgoing: object = Reflect.get(sender.session, "outgoing");
  return Number(Reflect.get(outgoing, "next_delivery_id")) - Number(Reflect.get(outgoing, "next_pending_delivery"));
}

/** The stored bytes with the annotations of the service in front: nothing is decoded. */
function encode(event: StoredEvent, metricsOf: PartitionLog | undefined): Message | Buffer {
  const parts: Buffer[] = [];
  if (metricsOf !== undefined) {
    const { lastSequence, lastOffset, lastEnqueued } = metricsOf.state();
    const metrics = [
      [symbol("last_enqueued_sequence_number"), long(lastSequence)],
      [symbol("last_enqueued_offset"), string(String(lastOffset))],
      [symbol("last_enqueued_time_utc"), timestamp(lastEnqueued)],
      [symbol("runtime_info_retrieval_time_utc"), timestamp(Date.now())],
    ];
    parts.push(mapSection(SECTION.delivery, metrics.flat()));
  }
  const annotations = [
    [symbol("x-opt-sequence-number"), long(event.sequence)],
    [symbol("x-opt-offset"), string(String(event.offset))],
    [symbol("x-opt-enqueued-time"), timestamp(event.enqueued)],
    event.key === undefined ? [] : [symbol("x-opt-partition-key"), string(event.key)],
  ];
  parts.push(mapSection(SECTION.annotations, annotations.flat()), event.bare);
  return Buffer.concat(parts);
}
