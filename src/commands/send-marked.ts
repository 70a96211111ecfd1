/** One call that was sent under a mark of its own. */
export interface Sent {
  readonly mark: string;
  /** Undefined where no answer came. */
  readonly status: number | undefined;
  /** Why there was none. */
  readonly failure?: string;
}

export interface Sending {
  readonly url: URL;
  readonly method: string;
  readonly marks: readonly string[];
  /** Header that carries the mark, lower-cased. */
  readonly markHeader: string;
  readonly headers: ReadonlyMap<string, string>;
  /** Most calls in flight. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onSent: (count: number) => void;
}

/** Sends the calls, a few at a time; what is not sent when `signal` aborts is left out. Redirects are not followed. */
export async function sendMarked(sending: Sending): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  const waiting = sending.marks.values();
  const worker = async (): Promise<void> => {
    for (const mark of waiting) {
      if (sending.signal.aborted) return;
      sent.push(await sendOne(mark, sending));
      sending.onSent(sent.length);
    }
  };
  await Promise.all(Array.from({ length: sending.concurrency }, worker));
  return sent;
}

/** A gateway that calls Cosmos DB itself hands it on: what these calls use there is nobody's need. */
const AGENT = "scopetrail/verify";

async function sendOne(mark: string, { url, method, markHeader, headers, timeoutMs, signal }: Sending): Promise<Sent> {
  try {
    const response = await fetch(url, {
      method,
      redirect: "manual",
      headers: { "user-agent": AGENT, ...Object.fromEntries(headers), [markHeader]: mark },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    await response.body?.cancel();
    return { mark, status: response.status };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { mark, status: undefined, failure: cause instanceof Error ? cause.message : String(cause) };
  }
}
