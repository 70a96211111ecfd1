import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What a connection suffers: it is cut after some bytes, says nothing from then on for a while, or is slow. */
export type NetworkFault =
  | { readonly kind: "none" }
  | { readonly kind: "reset" | "end"; readonly afterBytes: number }
  | { readonly kind: "silent"; readonly afterBytes: number; readonly ms: number }
  | { readonly kind: "slow"; readonly chunkBytes: number; readonly everyMs: number };

export interface FaultyProxy extends AsyncDisposable {
  readonly port: number;
  /** The fault of each connection so far. */
  readonly faults: readonly NetworkFault[];
}

/** A way to a port on loopback on which each connection suffers the next fault. */
export async function startFaultyProxy(to: number, next: () => NetworkFault): Promise<FaultyProxy> {
  const faults: NetworkFault[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const fault = next();
    faults.push(fault);
    const far = connect(to, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => {}); // both ends hear of it by the close
    }
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
    void forward(near, far, { kind: "none" });
    void forward(far, near, fault);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    faults,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function forward(from: Socket, to: Socket, fault: NetworkFault): Promise<void> {
  let passed = 0;
  try {
    for await (const bytes of from as AsyncIterable<Buffer>) {
      if (fault.kind === "slow") await drip(bytes, to, fault);
      else if (fault.kind === "none" || passed + bytes.length <= fault.afterBytes) to.write(bytes);
      else return await strike(bytes.subarray(0, fault.afterBytes - passed), to, fault);
      passed += bytes.length;
    }
    to.end();
  } catch {
    to.destroy(); // the other end is gone
  }
}

async function drip(bytes: Buffer, to: Socket, { chunkBytes, everyMs }: Extract<NetworkFault, { kind: "slow" }>) {
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    to.write(bytes.subarray(at, at + chunkBytes));
    await sleep(everyMs);
  }
}

async function strike(rest: Buffer, to: Socket, fault: Exclude<NetworkFault, { kind: "none" | "slow" }>) {
  to.write(rest);
  if (fault.kind === "silent") await sleep(fault.ms);
  if (fault.kind === "end") to.end();
  else to.resetAndDestroy();
}
