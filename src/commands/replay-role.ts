import { z } from "zod";
import { plainText } from "../lib/plain-text.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { ACCOUNT_SCOPE, type Scope, scopeText } from "../model/grant.ts";
import { actionsOf, useName } from "../privileges/actions.ts";
import { type Holder, reachOf } from "../privileges/holder.ts";
import type { Ledger } from "../privileges/ledger.ts";
import { replay } from "../privileges/replay.ts";

const Permissions = z.array(
  z.object({ DataActions: z.array(z.string()).optional(), dataActions: z.array(z.string()).optional() }),
);
const Role = z.object({ Permissions: Permissions.optional(), permissions: Permissions.optional() });

/** The actions of a role in JSON, in the spelling of `--body` or of a list. */
export function parseRole(text: string): Result<number, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err("is no JSON.");
  }
  const role = Role.safeParse(value);
  const permissions = role.success ? (role.data.Permissions ?? role.data.permissions) : undefined;
  if (permissions === undefined) return err("has no `Permissions` with `DataActions`.");
  return ok(actionsOf(permissions.flatMap(({ DataActions, dataActions }) => DataActions ?? dataActions ?? [])));
}

/** What the command prints for one account. */
export interface Replayed {
  readonly account: string;
  readonly calls: number;
  readonly wouldBeDenied: number;
  readonly denied: readonly {
    readonly action: string;
    readonly container: string;
    readonly by: string;
    readonly calls: number;
    readonly firstDay: string;
    readonly lastDay: string;
  }[];
  /** `until`: the last of the days, where older days are kept by periods only. */
  readonly byDay: readonly { readonly day: string; readonly until: string; readonly calls: number }[];
}

const DAY_MS = 86_400_000;
const dayText = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** Runs a role, on the whole account where no scope is named, against what a holder did. */
export function replayRole(
  ledger: Ledger,
  holder: Holder,
  { actions, scopes }: { readonly actions: number; readonly scopes: readonly Scope[] },
): Replayed {
  const proposed = (scopes.length === 0 ? [ACCOUNT_SCOPE] : scopes).map((scope) => ({ actions, scope }));
  const who = { signers: new Set(holder.signers), account: holder.accountText };
  const result = replay(ledger, who, { held: holder.grants.map(reachOf), proposed });
  const facts = new Map(holder.uses.map((fact) => [fact.use, fact]));
  return {
    account: holder.account,
    calls: result.calls,
    wouldBeDenied: result.wouldBeDenied,
    denied: result.examples.flatMap(({ use, calls, firstDay, lastDay }) => {
      const fact = facts.get(use);
      const by = ledger.texts[ledger.uses.signer[use] ?? 0] ?? "";
      if (fact === undefined) return [];
      const what = { action: useName(fact.action), container: scopeText(fact.scope), by };
      return [{ ...what, calls, firstDay: dayText(firstDay), lastDay: dayText(lastDay) }];
    }),
    byDay: result.byDay.map(({ day, until, calls }) => ({ day: dayText(day), until: dayText(until), calls })),
  };
}

const DAYS = 10;

export function replayText({ account, calls, wouldBeDenied, denied, byDay }: Replayed): string {
  const lines = [
    `${account}: ${wouldBeDenied} of ${calls} calls would have been denied.`,
    ...denied.map(
      (one) => `  ${one.calls} × ${one.action} on ${one.container} by ${one.by}, ${one.firstDay} to ${one.lastDay}`,
    ),
    ...(byDay.length === 0
      ? []
      : [
          `  last days: ${byDay
            .slice(-DAYS)
            .map(({ day, until, calls: count }) => `${day}${until === day ? "" : ` to ${until}`}: ${count}`)
            .join(", ")}`,
        ]),
  ];
  return `${lines.map(plainText).join("\n")}\n`;
}
