import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../config/config.ts";
import type { EpochMs } from "../model/time.ts";
import { grantsSource } from "../sources/grants-source.ts";
import { managementGrants } from "../sources/management-grants.ts";
import type { Source } from "../sources/source.ts";
import type { Logger } from "../telemetry/log.ts";

/** The roles of the configured accounts, each account a source of its own. */
export const roleSources = ({ accounts }: Config, log: Logger): readonly Source[] =>
  accounts.map((id) => {
    const account = id.slice(id.lastIndexOf("/") + 1).toLowerCase();
    const name = `roles:${account}`;
    return grantsSource({
      name,
      account,
      grants: managementGrants({ account: id }),
      // The clock is where a number becomes a time.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      now: () => Date.now() as EpochMs,
      wait: (ms, signal) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined),
      onTrouble: (error) => log.warn({ source: name, because: error.message }, "trying again"),
    });
  });
