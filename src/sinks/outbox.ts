import { createHash } from "node:crypto";
import type { Finding } from "../model/finding.ts";
import type { EpochMs } from "../model/time.ts";
import { type Breaker, type Bucket, createBreaker, createBucket } from "./breaker.ts";
import { renderNotice } from "./notice.ts";
import type { Alert, Delivery, Sink } from "./sink.ts";

/** One alert that is due at one target. */
interface Due {
  readonly alertId: string;
  readonly target: string;
  readonly findingId: string;
  readonly body: string;
  readonly attempts: number;
}

interface New {
  readonly alertId: string;
  readonly target: string;
  readonly body: string;
}

/** The rows of the store that the outbox works on; a part of the store's interface. */
export interface OutboxStore {
  due(now: EpochMs, limit: number): readonly Due[];
  lease(alertId: string, target: string, until: EpochMs): void;
  sent(alertId: string, target: string): void;
  retry(alertId: string, target: string, next: EpochMs, because: string): void;
  dead(alertId: string, target: string, because: string): void;
  fold(target: string, alertIds: readonly string[], digest: New): void;
  notify(alerts: readonly New[]): void;
}

export interface OutboxOptions {
  readonly store: OutboxStore;
  readonly sinks: readonly Sink[];
  readonly now: () => EpochMs;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number;
  /** Those of the findings that are known, as they are now, for a digest. */
  readonly findingsOf: (ids: readonly string[]) => readonly Finding[];
  /** Told of each attempt that did not deliver. */
  readonly onTrouble: (target: string, because: string) => void;
  /** Told when what became of an alert could not be kept: it will be sent again. */
  readonly onFailure: (error: unknown) => void;
}

export interface Outbox {
  /** Starts sending what is due, to each target one alert at a time; does not wait for answers. */
  round(signal: AbortSignal): void;
  /** Ends when no answer is waited for. */
  settled(): Promise<void>;
}

/** Waits before the next attempt: the schedule of Standard Webhooks, 75.6 hours in all. */
const SCHEDULE_MS = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000, 72_000_000, 86_400_000];
/** After a refusal of the target itself (401, 404 …) the next look is this late: somebody must mend it first. */
const BROKEN_MS = 300_000;
/** Looked at in one round; many, as those of a target that is busy are passed over. */
const BATCH = 200;
/** Alerts a second to one target: Slack takes one a second a channel. */
const PER_SECOND = 1;
/** Longer than an attempt may take. An alert whose outcome could not be kept is sent again after it. */
const LEASE_MS = 60_000;
/** Alerts due to one target at once beyond which people are told in one message. */
const STORM = 20;

/** The alert's id, from what it says: the same alert planned again has the same id. */
export const alertIdOf = (key: string): string =>
  `msg_${createHash("sha256").update(key).digest("base64url").slice(0, 27)}`;

interface Target {
  readonly sink: Sink;
  readonly breaker: Breaker;
  readonly bucket: Bucket;
  sending: Promise<void> | undefined;
  /** Why it gets nothing more until the next start. */
  gone: string | undefined;
  /** Its configuration is at fault, and the others were told. */
  isBroken: boolean;
}

/**
 * Each target in order and at its own pace, at most one alert a second: one that hangs holds up no other. What was
 * committed is sent at least once; nothing is sent that was not committed. A target that does not work for a fault of its
 * configuration is told through the others; many alerts at once become one digest.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { store, now, elapsed, onFailure } = options;
  const targets = new Map(
    options.sinks.map((sink): [string, Target] => [
      sink.name,
      {
        sink,
        breaker: createBreaker(),
        bucket: createBucket(PER_SECOND, 1),
        sending: undefined,
        gone: undefined,
        isBroken: false,
      },
    ]),
  );

  async function send(target: Target, row: Due, signal: AbortSignal): Promise<void> {
    const delivery = await target.sink.send(row.alertId, row.body, signal);
    if (signal.aborted && delivery.kind !== "delivered") return;
    const isFault = delivery.kind === "gone" || delivery.kind === "broken";
    if (delivery.kind === "delivered") target.breaker.succeeded();
    else target.breaker.failed(elapsed());
    if (delivery.kind === "gone") target.gone = delivery.because;
    settle(row, delivery, options);
    if (isFault && !target.isBroken) store.notify(faultNotices(row.target, delivery.because, options));
    target.isBroken = isFault;
  }

  function start(target: Target, row: Due, signal: AbortSignal): void {
    store.lease(row.alertId, row.target, after(now(), LEASE_MS));
    target.sending = send(target, row, signal)
      .catch(onFailure)
      .finally(() => {
        target.sending = undefined;
      });
  }

  return {
    round(signal) {
      const due = foldStorms(store.due(now(), BATCH), targets, options);
      for (const row of due) {
        const target = targets.get(row.target);
        const never = target === undefined ? "the target is no longer configured" : target.gone;
        if (target === undefined || never !== undefined) store.dead(row.alertId, row.target, never ?? "");
        else if (target.sending === undefined && canSend(target, elapsed())) start(target, row, signal);
      }
    },
    async settled() {
      await Promise.all([...targets.values()].flatMap(({ sending }) => sending ?? []));
    },
  };
}

/** The breaker is asked last: its one attempt is spent by asking. */
const canSend = ({ breaker, bucket }: Target, at: number): boolean => bucket.take(at) && breaker.allows(at);

/** What is left to send once the alerts of a storm are in a digest. */
function foldStorms(due: readonly Due[], targets: ReadonlyMap<string, Target>, options: OutboxOptions): readonly Due[] {
  const byTarget = Map.groupBy(due, ({ target }) => target);
  const folded = new Set<string>();
  for (const [name, rows] of byTarget) {
    const target = targets.get(name);
    if (target?.sink.renderDigest === undefined || target.gone !== undefined || rows.length <= STORM) continue;
    options.store.fold(
      name,
      rows.map(({ alertId }) => alertId),
      digestOf(target.sink, rows, options),
    );
    folded.add(name);
  }
  return folded.size === 0 ? due : due.filter(({ target }) => !folded.has(target));
}

function digestOf(sink: Sink, rows: readonly Due[], { findingsOf, now }: OutboxOptions): New {
  const alertId = alertIdOf(`digest|${sink.name}|${rows.map((row) => row.alertId).join("|")}`);
  const ids = [...new Set(rows.map(({ findingId }) => findingId))];
  const alerts = findingsOf(ids).map((finding): Alert => {
    return { id: alertId, kind: finding.status === "resolved" ? "finding.resolved" : "finding.updated", finding };
  });
  const title = `${rows.length} alerts about ${ids.length} findings at once; all are on the dashboard`;
  const notice = renderNotice(sink.type, { title, lines: [], at: now() }) ?? "";
  const body = alerts.length === 0 ? notice : (sink.renderDigest?.(alerts) ?? notice);
  return { alertId, target: sink.name, body };
}

/** One for each other target; the same fault told again has the same id. */
function faultNotices(broken: string, because: string, { sinks, now }: OutboxOptions): readonly New[] {
  const title = `Alerts to ${broken} are not delivered`;
  const lines = [because, "They are kept, and sent once it is mended."];
  return sinks
    .filter(({ name }) => name !== broken)
    .flatMap(({ name, type }) => {
      const body = renderNotice(type, { title, lines, at: now() });
      const alertId = alertIdOf(`fault|${broken}|${because}|${Math.floor(now() / 86_400_000)}|${name}`);
      return body === undefined ? [] : [{ alertId, target: name, body }];
    });
}

function settle(
  { alertId, target, attempts }: Due,
  delivery: Delivery,
  { store, now, onTrouble }: OutboxOptions,
): void {
  if (delivery.kind === "delivered") {
    store.sent(alertId, target);
    return;
  }
  onTrouble(target, delivery.because);
  const planned = SCHEDULE_MS[attempts];
  if (planned === undefined || delivery.kind === "gone") {
    store.dead(alertId, target, delivery.because);
    return;
  }
  const base = delivery.kind === "broken" ? Math.max(planned, BROKEN_MS) : planned;
  const asked = delivery.kind === "retry" ? delivery.afterMs : undefined;
  const wait = Math.max(base * jitter(alertId, attempts), Math.min(2 * base, asked ?? 0));
  store.retry(alertId, target, after(now(), wait), delivery.because);
}

// A time later than a time is a time.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const after = (now: EpochMs, ms: number): EpochMs => Math.round(now + ms) as EpochMs;

/** 0.8 to 1.2, the same for the same attempt. */
function jitter(alertId: string, attempt: number): number {
  const [byte = 0] = createHash("sha256").update(`${alertId}|${attempt}`).digest();
  return 0.8 + (byte / 255) * 0.4;
}
