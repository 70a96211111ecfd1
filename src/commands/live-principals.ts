import type { Analysis } from "../analysis.ts";
import type { Look } from "../live-run.ts";
import type { Finding } from "../model/finding.ts";
import type { Holder } from "../privileges/holder.ts";
import { privilegeOf } from "../privileges/privilege-of.ts";
import { holdersInTurns, holdersOf } from "../privileges/principals.ts";
import type { PrincipalRow } from "../privileges/rows.ts";
import type { PrincipalsView } from "../server/principals-view.ts";

interface Around {
  readonly current: () => Analysis | undefined;
  /** Undefined where it is looked at in one go. */
  readonly look: () => Look | undefined;
  /** A finding as what was decided about it has it. */
  readonly shown: (finding: Finding) => Finding;
}

/** What the pages about principals read of a running analysis: as it was judged last, the details as they are now. */
export function livePrincipals({ current, look, shown }: Around): PrincipalsView {
  let known: { readonly of: readonly PrincipalRow[]; readonly holders: Promise<readonly Holder[]> } | undefined;
  /** Holders are put together once for each judgement. */
  const holders = ({ standing: { rows, privileges } }: Analysis): Promise<readonly Holder[]> => {
    if (known?.of === rows) return known.holders;
    const all =
      look()?.(({ standing }) => holdersInTurns(standing.privileges)) ?? Promise.resolve(holdersOf(privileges));
    known = { of: rows, holders: all };
    return all;
  };
  const rowsOf = (id: string): readonly PrincipalRow[] => {
    const wanted = id.toLowerCase();
    return (current()?.standing.rows ?? []).filter(({ principal }) => principal.toLowerCase() === wanted);
  };
  return {
    judgedAt: () => current()?.standing.judgedAt ?? null,
    rows: () => current()?.standing.rows ?? [],
    spots: () => current()?.standing.spots ?? [],
    findings: () => [...(current()?.standing.findings.values() ?? [])].map(shown),
    has: (id) => rowsOf(id).length > 0,
    async principal(id) {
      const analysis = current();
      const rows = rowsOf(id);
      if (analysis === undefined || rows.length === 0) return [];
      const { findings } = analysis.standing;
      const all = await holders(analysis);
      return rows.flatMap((row) => {
        const holder = all.find((one) => isOf(one, row));
        const own = row.findings.flatMap((finding) => findings.get(finding) ?? []).map(shown);
        return holder === undefined ? [] : [{ row, privilege: privilegeOf(holder), findings: own }];
      });
    },
  };
}

const isOf = ({ account, kind, principal }: Holder, row: PrincipalRow): boolean =>
  account === row.account && kind === row.kind && principal.slice(principal.indexOf(":") + 1) === row.principal;
