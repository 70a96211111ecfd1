/** The fields of a diagnostic record that the job reads; the corpus has no others of these names. */
interface RawRecord {
  readonly time: string;
  readonly resourceId: string;
  readonly category: string;
  readonly operationName: string;
  readonly correlationId?: string;
  readonly callerIpAddress?: string;
  readonly isRequestSuccess?: boolean;
  readonly durationMs?: number;
  readonly location?: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- a peer that trusts its input, as such programs do
  readonly properties: any;
}

export type Row = ReturnType<typeof gatewayRow> | ReturnType<typeof cosmosRow>;

/** A flat object of the 25 or so columns that an analysis needs. */
export const rowOf = (record: RawRecord): Row =>
  record.category === "GatewayLogs" ? gatewayRow(record) : cosmosRow(record);
