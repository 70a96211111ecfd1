import rhea, { type EventContext, type Receiver } from "rhea";
import { binaryAt, SECTION, sectionsOf } from "./amqp-bytes.ts";
import type { Hub } from "./event-hubs-hub.ts";

/** Format of a transfer that holds several messages, one a data section. Azure/azure-sdk: Event Hubs batching. */
const BATCH_FORMAT = 0x80013700;

/** Refuses a client's sender (a receiver here) to what does not exist. */
export function checkWriter(receiver: Receiver, hubs: ReadonlyMap<string, Hub>): void {
  const { hub, kind, partition, address } = targetOf(receiver, hubs);
  if (hub === undefined) {
    receiver.close({
      condition: "amqp:not-found",
      description: `The messaging entity '${address}' could not be found.`,
    });
    return;
  }
  const isKnown = kind === undefined || hub.partitions.some((log) => log.id === partition);
  if (isKnown) return;
  const description = "The specified partition is invalid for an EventHub partition sender or receiver.";
  receiver.close({ condition: "com.microsoft:argument-out-of-range", description });
}

function targetOf(receiver: Receiver, hubs: ReadonlyMap<string, Hub>) {
  const address = receiver.target.address ?? "";
  const [name = "", kind, partition] = address.split("/");
  return { hub: hubs.get(name.toLowerCase()), kind, partition, address };
}

/** Takes one transfer: a message, or a batch of them; all of it goes to one partition. */
export function writeEvents(context: EventContext, hubs: ReadonlyMap<string, Hub>, maxMessageBytes: number): void {
  const { receiver, delivery, message } = context;
  if (receiver === undefined || delivery === undefined || message === undefined) return;
  const { hub, partition } = targetOf(receiver, hubs);
  const transfer = Buffer.isBuffer(message) ? message : rhea.message.encode(message);
  if (hub === undefined || transfer.length > maxMessageBytes) {
    delivery.reject({
      condition: hub === undefined ? "amqp:not-found" : "amqp:link:message-size-exceeded",
      description: `The message (${transfer.length} bytes) is not taken.`,
    });
    return;
  }
  const format: unknown = Reflect.get(context, "format");
  const { messages, key } = format === BATCH_FORMAT ? openBatch(transfer) : { messages: [transfer], key: undefined };
  const events = messages.map((bytes) => openMessage(bytes));
  const target = partition === undefined ? hub.route(events[0]?.key ?? key) : hub.partition(partition);
  for (const event of events) target.append(event.bare, event.key ?? key);
  delivery.accept();
  target.wake();
}

function openBatch(transfer: Buffer): { messages: Buffer[]; key: string | undefined } {
  const messages: Buffer[] = [];
  let key: string | undefined;
  for (const section of sectionsOf(transfer)) {
    if (section.code === SECTION.data) messages.push(binaryAt(transfer, section.valueStart));
    if (section.code === SECTION.annotations) key = keyIn(transfer.subarray(section.start, section.end));
  }
  return { messages, key };
}

function openMessage(bytes: Buffer): { bare: Buffer; key: string | undefined } {
  let bareStart = 0;
  let key: string | undefined;
  for (const section of sectionsOf(bytes)) {
    if (section.code > SECTION.annotations) break;
    bareStart = section.end;
    if (section.code === SECTION.annotations) key = keyIn(bytes.subarray(section.start, section.end));
  }
  return { bare: Buffer.from(bytes.subarray(bareStart)), key };
}

function keyIn(annotations: Buffer): string | undefined {
  const decoded = rhea.message.decode(annotations);
  const key: unknown = decoded["message_annotations"]?.["x-opt-partition-key"];
  return typeof key === "string" ? key : undefined;
}
