import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import rhea, { type Container, type EventContext } from "rhea";
import { createHub, type Hub, type HubOptions } from "./event-hubs-hub.ts";
import { openReader, type Reader, type ReaderState } from "./event-hubs-readers.ts";
import { answerManagement, answerToken, type TokenRules } from "./event-hubs-requests.ts";
import { checkWriter, writeEvents } from "./event-hubs-writers.ts";

export interface EmulatorOptions extends Partial<TokenRules> {
  readonly maxMessageBytes?: number;
  /** 0 takes a free one. */
  readonly port?: number;
}

/**
 * Event Hubs on loopback, over AMQP 1.0 and plain TCP: what the published client needs of it, and faults on demand.
 * Unlike the service: tokens do not expire on an open link, keys hash otherwise, nothing outlives the process.
 */
export interface EventHubsEmulator {
  readonly port: number;
  connectionString(hub?: string): string;
  /** Takes the place of one with the same name, as deleting and creating it does. */
  addHub(name: string, options?: HubOptions): Hub;
  readers(): readonly ReaderState[];
  /** Open connections. */
  connections(): number;
  /** Token requests so far, those refused among them. */
  readonly tokens: { asked: number; refused: number };
  /** Refuses every token from now on, as a withdrawn key or role does. */
  refuseTokens(): void;
  /** Cuts every connection without a goodbye; returns how many. */
  dropSockets(): number;
  /** Detaches the readers of a partition with an error of the service; returns how many. */
  detach(hub: string, partition: string, condition: string): number;
  /** The open links of a partition deliver nothing more, and nobody is told; gives how many. `lasting`: nor do later ones. */
  stall(hub: string, partition: string, lasting?: boolean): number;
  /** Ends listening and every connection; the hubs stay for another `listen`. */
  close(): Promise<void>;
  /** Listens again on the same port. */
  listen(): Promise<void>;
}

const KEYS = { root: "c2VjcmV0" };
const MAX_MESSAGE_BYTES = 1 << 20;
const ERRORS = ["connection_error", "protocol_error", "session_error", "sender_error", "receiver_error", "error"];

export async function startEventHubsEmulator(options: EmulatorOptions = {}): Promise<EventHubsEmulator> {
  const rules: TokenRules = { ...options, sasKeys: options.sasKeys ?? KEYS };
  const maxMessageBytes = options.maxMessageBytes ?? MAX_MESSAGE_BYTES;
  const hubs = new Map<string, Hub>();
  const readers = new Set<Reader>();
  const stalled = new Set<string>();
  const sockets = new Set<Socket>();
  const tokens = { asked: 0, refused: 0 };
  const container = createContainer();
  let takesTokens = true;
  let server: Server | undefined;
  let port = options.port ?? 0;

  serveConnections(container, readers);
  serveLinks(container, { hubs, readers, stalled });
  container.on("message", (context: EventContext) => {
    const address = context.receiver?.target.address ?? "";
    if (address.endsWith("$management")) return answerManagement(context, hubs);
    if (address !== "$cbs") return writeEvents(context, hubs, maxMessageBytes);
    tokens.asked += 1;
    if (!answerToken(context, takesTokens ? rules : { sasKeys: {} })) tokens.refused += 1;
  });

  const dropSockets = (): number => {
    const open = [...sockets];
    // With an error, as rhea hears of no other end that comes from this side.
    for (const socket of open) socket.destroy(new Error("cut"));
    return open.length;
  };
  const emulator: EventHubsEmulator = {
    get port() {
      return port;
    },
    connectionString(hub) {
      const [name, key] = Object.entries(rules.sasKeys)[0] ?? ["", ""];
      const entity = hub === undefined ? "" : `;EntityPath=${hub}`;
      return `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=${name};SharedAccessKey=${key};UseDevelopmentEmulator=true${entity}`;
    },
    addHub(name, hubOptions) {
      const hub = createHub(name, hubOptions);
      hubs.set(name.toLowerCase(), hub);
      return hub;
    },
    readers: () => [...readers].map((reader) => reader.state()),
    connections: () => sockets.size,
    tokens,
    refuseTokens() {
      takesTokens = false;
    },
    dropSockets,
    stall(hub, partition, lasting = false) {
      if (lasting) stalled.add(`${hub}/${partition}`);
      const found = readersOf(readers, hub, partition);
      for (const reader of found) reader.stop();
      return found.length;
    },
    detach(hub, partition, condition) {
      const found = readersOf(readers, hub, partition);
      for (const reader of found) {
        end(reader, readers);
        reader.sender.close({ condition, description: `detached by the test: ${condition}` });
      }
      return found.length;
    },
    async close() {
      const closing = server;
      server = undefined;
      const closed = closing === undefined ? undefined : once(closing, "close");
      closing?.close();
      dropSockets();
      await closed;
    },
    async listen() {
      server = listen(container, port, maxMessageBytes);
      server.on("connection", (socket) => {
        sockets.add(socket);
        socket.on("close", () => sockets.delete(socket));
      });
      await once(server, "listening");
      port = portOf(server);
    },
  };
  await emulator.listen();
  return emulator;
}

const readersOf = (readers: ReadonlySet<Reader>, hub: string, partition: string): readonly Reader[] =>
  [...readers].filter((reader) => reader.state().hub === hub && reader.state().partition === partition);

function createContainer(): Container {
  const container = rhea.create_container({ id: "event-hubs-emulator" });
  const mechanisms = container.sasl_server_mechanisms;
  mechanisms.enable_anonymous(); // what the client offers: the token comes later, over $cbs
  for (const name of ERRORS) container.on(name, () => {}); // an "error" without a listener would end the process
  return container;
}

function listen(container: Container, port: number, maxMessageBytes: number): Server {
  return container.listen({
    host: "127.0.0.1",
    port,
    max_frame_size: 65_536,
    channel_max: 4_999,
    idle_time_out: 240_000,
    receiver_options: { max_message_size: maxMessageBytes, autoaccept: false, autosettle: true, credit_window: 1_000 },
    sender_options: { max_message_size: maxMessageBytes, autosettle: true },
    transport: "tcp",
  });
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  return address.port;
}

function serveConnections(container: Container, readers: Set<Reader>): void {
  const forget = ({ connection }: EventContext): void => {
    for (const reader of readers) if (reader.sender.connection === connection) end(reader, readers);
  };
  container.on("connection_close", forget);
  container.on("disconnected", forget);
}

function end(reader: Reader, readers: Set<Reader>): void {
  reader.stop();
  readers.delete(reader);
}

const isRequestLink = (address: unknown): boolean => address === "$cbs" || String(address).endsWith("$management");

interface Serving {
  readonly hubs: ReadonlyMap<string, Hub>;
  readonly readers: Set<Reader>;
  /** `hub/partition` of which no link delivers. */
  readonly stalled: ReadonlySet<string>;
}

function serveLinks(container: Container, { hubs, readers, stalled }: Serving): void {
  const readerOf = ({ sender }: EventContext): Reader | undefined =>
    [...readers].find((reader) => reader.sender === sender);
  container.on("sender_open", ({ sender }: EventContext) => {
    if (sender === undefined) return;
    sender.set_source(sender.source);
    sender.set_target(sender.target);
    if (isRequestLink(sender.source.address)) return;
    const reader = openReader(sender, hubs, readers);
    if (reader === undefined) return;
    const { hub, partition } = reader.state();
    if (stalled.has(`${hub}/${partition}`)) reader.stop();
    reader.pump();
  });
  container.on("receiver_open", ({ receiver }: EventContext) => {
    if (receiver === undefined) return;
    receiver.set_source(receiver.source);
    receiver.set_target(receiver.target);
    if (!isRequestLink(receiver.target.address)) checkWriter(receiver, hubs);
  });
  container.on("sendable", (context: EventContext) => readerOf(context)?.pump());
  container.on("settled", (context: EventContext) => readerOf(context)?.pump());
  container.on("sender_close", (context: EventContext) => {
    const reader = readerOf(context);
    if (reader !== undefined) end(reader, readers);
  });
}
