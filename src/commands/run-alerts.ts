import { loadConfig } from "../config/load-config.ts";
import { plainText } from "../lib/plain-text.ts";
import type { Finding } from "../model/finding.ts";
import { instantFromMs } from "../model/time.ts";
import { alertIdOf } from "../sinks/outbox.ts";
import type { Delivery, Sink } from "../sinks/sink.ts";
import { EXIT } from "./exit-codes.ts";
import { buildSinks } from "./targets.ts";

const TIMEOUT_MS = 35_000;

/** Sends a test alert to a target of the configuration and says what it answered; gives the exit code. */
export async function testAlert(
  target: string,
  flags: { readonly config: string; readonly dryRun?: boolean },
): Promise<number> {
  const config = await loadConfig(flags.config);
  if (!config.ok) return usage(config.error);
  const names = config.value.targets.map(({ name }) => name);
  const only = { ...config.value, targets: config.value.targets.filter(({ name }) => name === target) };
  if (only.targets.length === 0)
    return usage([
      `"${target}" is no target. ${names.length === 0 ? "The configuration names none." : `There is ${names.join(", ")}.`}`,
    ]);
  const sinks = buildSinks(only, process.env);
  if (!sinks.ok) return usage(sinks.error);
  const [sink] = sinks.value;
  if (sink === undefined) return EXIT.bug;
  const now = Date.now();
  const id = alertIdOf(`test.ping|${target}|${now}`);
  const body = sink.render({ id, kind: "test.ping", finding: testFinding(now) });
  if (flags.dryRun === true) {
    process.stdout.write(`${body}\n`);
    return EXIT.ok;
  }
  return await send(sink, id, body);
}

async function send(sink: Sink, id: string, body: string): Promise<number> {
  const began = performance.now();
  const delivery = await sink.send(id, body, AbortSignal.timeout(TIMEOUT_MS));
  const ms = Math.round(performance.now() - began);
  process.stderr.write(`${sink.name}: ${plainText(saysOf(delivery))} · ${Buffer.byteLength(body)} bytes · ${ms} ms\n`);
  if (delivery.kind === "delivered" && sink.type === "teams")
    process.stderr.write(
      "Teams answers when the flow was triggered, not when the card was posted: look in the channel.\n",
    );
  if (delivery.kind === "delivered") return EXIT.ok;
  return delivery.kind === "retry" ? EXIT.unreachable : EXIT.usage;
}

const saysOf = (delivery: Delivery): string =>
  delivery.kind === "delivered" ? `answered ${delivery.status}` : delivery.because;

/** What the test says: that it is one. */
function testFinding(now: number): Finding {
  const at = instantFromMs(now);
  return {
    id: "F-TEST000000",
    kind: "intermittent-refusal",
    severity: "low",
    status: "open",
    title: "This is a test of Scopetrail: nothing is refused.",
    subject: {},
    onset: at,
    end: null,
    detectedAt: at,
    counts: { calls: 0, refused: 0, status: { "401": 0, "403": 0 }, usualRate: 0 },
    layer: "gateway",
    splits: [],
    cause: { id: "unknown", confidence: 0, evidence: [], rejected: [], missing: [] },
    fix: { says: "Nothing. Somebody ran scopetrail alerts test.", commands: [] },
    privilege: null,
    samples: { refused: [], succeeded: [] },
  };
}

function usage(faults: readonly string[]): number {
  for (const fault of faults) process.stderr.write(`alerts: ${fault}\n`);
  return EXIT.usage;
}
