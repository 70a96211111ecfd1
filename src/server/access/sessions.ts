import { createHash, randomBytes } from "node:crypto";
import type { EpochMs } from "../../model/time.ts";
import type { Who } from "./who.ts";

interface Session {
  readonly who: Who;
  readonly ends: number;
}

const LASTS_MS = 8 * 3_600_000;
const MOST = 10_000;

/** Who has signed in, on the server's side: a cookie holds a random name of a session and nothing else. */
export interface Sessions {
  /** The new session's name. */
  begin(who: Who, now: EpochMs): string;
  find(name: string, now: EpochMs): Who | undefined;
  end(name: string): void;
}

/** For as long as the process lives; of too many, the oldest ends. Names are kept as hashes. */
export function createSessions(): Sessions {
  const sessions = new Map<string, Session>();
  const keyOf = (name: string): string => createHash("sha256").update(name).digest("base64url");
  return {
    begin(who, now) {
      const name = randomBytes(32).toString("base64url");
      sessions.set(keyOf(name), { who, ends: now + LASTS_MS });
      const [oldest] = sessions.keys();
      if (sessions.size > MOST && oldest !== undefined) sessions.delete(oldest);
      return name;
    },
    find(name, now) {
      const session = sessions.get(keyOf(name));
      if (session === undefined) return undefined;
      if (session.ends > now) return session.who;
      sessions.delete(keyOf(name));
      return undefined;
    },
    end: (name) => void sessions.delete(keyOf(name)),
  };
}
