import type { Analysis } from "../analysis.ts";
import type { Finding } from "../model/finding.ts";
import type { Holder } from "../privileges/holder.ts";
import { privilegeOf } from "../privileges/privilege-of.ts";
import { holdersOf } from "../privileges/principals.ts";
import type { PrincipalRow } from "../privileges/rows.ts";
import type { PrincipalsView } from "../server/principals-view.ts";

/**
 * What the pages about principals read of a running analysis: as it was judged last, the details as they are now. `shown`
 * gives a finding as what was decided about it has it.
 */
export function livePrincipals(
  current: () => Analysis | undefined,
  shown: (finding: Finding) => Finding,
): PrincipalsView {
  let known: { readonly of: readonly PrincipalRow[]; readonly holders: readonly Holder[] } | undefined;
  /** Holders are put together once for each judgement. */
  const holders = (analysis: Analysis): readonly Holder[] => {
    const { rows, privileges } = analysis.standing;
    if (known?.of !== rows) known = { of: rows, holders: holdersOf(privileges) };
    return known.holders;
  };
  return {
    judgedAt: () => current()?.standing.judgedAt ?? null,
    rows: () => current()?.standing.rows ?? [],
    spots: () => current()?.standing.spots ?? [],
    findings: () => [...(current()?.standing.findings.values() ?? [])].map(shown),
    principal(id) {
      const analysis = current();
      if (analysis === undefined) return [];
      const { rows, findings } = analysis.standing;
      const wanted = id.toLowerCase();
      return rows
        .filter(({ principal }) => principal.toLowerCase() === wanted)
        .flatMap((row) => {
          const holder = holders(analysis).find((one) => isOf(one, row));
          const own = row.findings.flatMap((finding) => findings.get(finding) ?? []).map(shown);
          return holder === undefined ? [] : [{ row, privilege: privilegeOf(holder), findings: own }];
        });
    },
  };
}

const isOf = ({ account, kind, principal }: Holder, row: PrincipalRow): boolean =>
  account === row.account && kind === row.kind && principal.slice(principal.indexOf(":") + 1) === row.principal;
