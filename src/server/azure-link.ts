import { gzipSync } from "node:zlib";
import type { Instant } from "../model/time.ts";
import { iso } from "./format.ts";

/** Where the users' logs lie in the Azure portal. */
export interface AzurePortal {
  /** `https://portal.azure.com`, or that of another cloud. */
  readonly portal: string;
  /** Tenant id or domain; the portal asks when it is not told. */
  readonly tenant?: string | undefined;
  /** Resource id of the Log Analytics workspace. */
  readonly workspace: string;
}

/** Longer addresses are cut by browsers and chat programs. */
const LONGEST = 2_000;

/**
 * The portal with a query open, in the form that Azure Monitor's own alerts link to; undefined when the address would be
 * too long to be followed.
 */
export function azureLink(
  { portal, tenant, workspace }: AzurePortal,
  kql: string,
  span: readonly [Instant, Instant],
): string | undefined {
  const query = encodeURIComponent(gzipSync(kql, { level: 9 }).toString("base64"));
  const scope = encodeURIComponent(JSON.stringify({ resources: [{ resourceId: workspace }] }));
  const timespan = encodeURIComponent(`${iso(span[0])}/${iso(span[1])}`);
  const link = `${portal}/#${tenant === undefined ? "" : `@${encodeURIComponent(tenant)}/`}blade/Microsoft_OperationsManagementSuite_Workspace/AnalyticsBlade/initiator/AnalyticsShareLinkToQuery/isQueryEditorVisible/true/scope/${scope}/query/${query}/isQueryBase64Compressed/true/timespanInIsoFormat/${timespan}`;
  return link.length <= LONGEST ? link : undefined;
}
