import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../config/config.ts";
import type { EpochMs } from "../model/time.ts";
import type { Grants } from "../sources/grants.ts";
import { grantsSource, type GrantsSourceOptions } from "../sources/grants-source.ts";
import { azureRoleGrants, managementGrants } from "../sources/management-grants.ts";
import type { Source } from "../sources/source.ts";
import type { Logger } from "../telemetry/log.ts";

/**
 * The roles of the configured accounts: of each, its own and those of Azure's that hold on it are two sources, so that a
 * right that is missing for one costs nothing of the other.
 */
export const roleSources = ({ accounts }: Config, log: Logger): readonly Source[] =>
  accounts.flatMap((accountId) => {
    const account = accountId.slice(accountId.lastIndexOf("/") + 1).toLowerCase();
    return [
      sourceOf(managementGrants({ account: accountId }), { account, accountId, of: "data-plane" }, log),
      sourceOf(azureRoleGrants({ account: accountId }), { account, accountId, of: "azure" }, log),
    ];
  });

const NAMES = { "data-plane": "roles", azure: "azure-roles" } as const;

function sourceOf(grants: Grants, lists: GrantsSourceOptions["lists"], log: Logger): Source {
  const name = `${NAMES[lists.of]}:${lists.account}`;
  return grantsSource({
    name,
    lists,
    grants,
    // The clock is where a number becomes a time.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    now: () => Date.now() as EpochMs,
    wait: (ms, signal) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined),
    onTrouble: (error) => log.warn({ source: name, because: error.message }, "trying again"),
  });
}
