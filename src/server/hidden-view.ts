import type { Finding } from "../model/finding.ts";
import type { Privilege } from "../model/privilege.ts";
import type { Report } from "../model/report.ts";
import type { PrincipalRow } from "../privileges/rows.ts";
import type { Pseudonyms } from "./access/pseudonyms.ts";
import { hiddenCall } from "./hidden-calls.ts";
import { hiddenFinding, mapTexts, WHO } from "./hidden-texts.ts";
import type { PrincipalsView } from "./principals-view.ts";
import type { View } from "./view.ts";

const NOTHING: ReadonlySet<string> = new Set();
/** What stands for a caller of whom nothing, or only the kind of credential, is known. */
const NOBODY = /^(?:unknown|callers nobody vouched for|[A-Z]\w*(?:Key|Token))$/;
const PREFIX = /^(?:subscription |claims to be )?/;

/**
 * A view for people who may look and need not know whom: people and applications have pseudonyms, addresses are networks,
 * texts of requests are not there. What is counted, and when, stays as it is.
 */
export function hiddenView(view: View, names: Pseudonyms): View {
  const text = (says: string): string => names.hide(says, [], NOTHING);
  const caller = (name: string): string => {
    const prefix = PREFIX.exec(name)?.[0] ?? "";
    const rest = name.slice(prefix.length);
    return rest === "" || NOBODY.test(rest) ? name : `${prefix}${names.of(rest)}`;
  };
  const finding = (one: Finding): Finding => hiddenFinding(one, names);
  const report = lastOf((shown: Report) => hiddenReport(shown, finding, text));
  const { principals } = view;
  return {
    ...view,
    report: () => report(view.report()),
    finding(id) {
      const found = view.finding(id);
      return found === undefined ? undefined : finding(found);
    },
    comparison(id) {
      const { differences, ...counts } = view.comparison(id);
      const hide = ({ dimension, value }: (typeof differences)[number]) =>
        WHO.has(dimension) ? names.of(value) : text(value);
      return { ...counts, differences: differences.map((one) => Object.assign({}, one, { value: hide(one) })) };
    },
    matrix(range) {
      const matrix = view.matrix(range);
      if (range.by === "api") return matrix;
      return { ...matrix, rows: matrix.rows.map((row) => Object.assign({}, row, { name: caller(row.name) })) };
    },
    samples: (id) => view.samples(id).map((call) => Object.assign({}, call, { caller: caller(call.caller) })),
    changes: (id) => view.changes(id).map(({ time, label, says }) => ({ time, label: text(label), says: text(says) })),
    calls(id) {
      const { calls, damages } = view.calls(id);
      return { calls: calls.map((call) => hiddenCall(call, names)), damages };
    },
    identities: () => [],
    ...(principals === undefined ? {} : { principals: hiddenPrincipals(principals, names, finding) }),
  };
}

const hiddenReport = (report: Report, finding: (one: Finding) => Finding, text: (says: string) => string): Report => ({
  ...report,
  input: {
    ...report.input,
    rejects: report.input.rejects.map((row) => Object.assign({}, row, { sample: "(hidden)" })),
  },
  findings: report.findings.map(finding),
  blindSpots: report.blindSpots.map(({ id, scope, says, fix }) => ({
    id,
    scope: text(scope),
    says: text(says),
    fix: text(fix),
  })),
});

function hiddenPrincipals(
  principals: PrincipalsView,
  names: Pseudonyms,
  finding: (one: Finding) => Finding,
): PrincipalsView {
  const nameOf = ({ kind, principal }: PrincipalRow): string =>
    kind === "key" || principal === "" ? principal : names.of(principal);
  const row = (one: PrincipalRow): PrincipalRow => ({
    ...one,
    principal: nameOf(one),
    roles: one.roles.map((says) => names.hide(says, [one.principal], NOTHING)),
    verdict: names.hide(one.verdict, one.principal === "" ? [] : [one.principal], NOTHING),
  });
  const rows = lastOf((all: readonly PrincipalRow[]) => all.map(row));
  const found = (id: string): PrincipalRow | undefined => {
    const wanted = id.toLowerCase();
    return principals.rows().find((one) => nameOf(one).toLowerCase() === wanted);
  };
  return {
    ...principals,
    rows: () => rows(principals.rows()),
    spots: () => mapTexts(principals.spots(), (says) => names.hide(says, [], NOTHING)),
    findings: () => principals.findings().map(finding),
    has: (id) => found(id) !== undefined,
    async principal(id) {
      const who = found(id);
      if (who === undefined) return [];
      return (await principals.principal(who.principal)).map((account) => ({
        row: row(account.row),
        privilege: hiddenPrivilege(account.privilege, (says) =>
          names.hide(says, who.kind === "key" ? [] : [who.principal], NOTHING),
        ),
        findings: account.findings.map(finding),
      }));
    },
  };
}

function hiddenPrivilege(privilege: Privilege, hide: (text: string) => string): Privilege {
  const { clients, ...rest } = mapTexts(privilege, hide);
  return {
    ...rest,
    clients: clients.map((one) => Object.assign({}, one, { userAgent: one.userAgent === "" ? "" : "(hidden)" })),
  };
}

/** Made once for each value that comes several times in a row. */
function lastOf<From, To>(make: (from: From) => To): (from: From) => To {
  let last: { readonly from: From; readonly to: To } | undefined;
  return (from) => {
    if (last === undefined || last.from !== from) last = { from, to: make(from) };
    return last.to;
  };
}
