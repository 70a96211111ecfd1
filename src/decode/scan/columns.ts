export const NO_COLUMN = 255;

/** Words of a raw row. */
export const RAW_WORDS = 84;

/** A column of a raw row: its bit among those that are set, and the first of its words. */
export interface Column {
  readonly bit: number;
  readonly word: number;
}

export const column = (bit: number, word: number): Column => ({ bit, word });

/** A text's word holds its id in the dictionary; a number's two hold a double (NaN where there is none), a GUID's four its four words. */
export const COLUMN = {
  time: column(0, 4),
  timeGenerated: column(1, 4),
  properties: column(2, 0),
  category: column(3, 40),
  type: column(4, 41),
  resourceProvider: column(5, 0),
  resource: column(6, 42),
  correlation: column(7, 6),
  activity: column(8, 10),
  responseCode: column(9, 18),
  statusCode: column(10, 20),
  location: column(11, 43),
  region: column(12, 44),
  regionName: column(13, 45),
  userAgent: column(14, 46),
  callerAddress: column(15, 47),
  clientAddress: column(16, 48),
  operationId: column(17, 49),
  api: column(18, 50),
  apiRevision: column(19, 51),
  product: column(20, 52),
  subscription: column(21, 53),
  method: column(22, 54),
  url: column(23, 55),
  backendUrl: column(24, 56),
  backendId: column(25, 57),
  backendCode: column(26, 22),
  backendTime: column(27, 24),
  durationMs: column(28, 26),
  duration: column(29, 28),
  truncated: column(30, 77),
  backendActivity: column(31, 14),
  subStatus: column(32, 30),
  traces: column(33, 0),
  operationName: column(34, 58),
  resourceType: column(35, 59),
  path: column(36, 0),
  database: column(37, 60),
  container: column(38, 61),
  authToken: column(39, 62),
  keyType: column(40, 63),
  principal: column(41, 64),
  roleAssignment: column(42, 65),
  partition: column(43, 66),
  account: column(44, 67),
  charge: column(45, 32),
  responseLength: column(46, 34),
  requestHeaders: column(47, 0),
  backendHeaders: column(48, 0),
  responseHeaders: column(49, 0),
  otherType: column(51, 0),
  errors: column(52, 0),
  lastError: column(53, 0),
  own: column(54, 80),
  state: column(64, 68),
  issuer: column(65, 69),
  audience: column(66, 70),
  appId: column(67, 71),
  objectId: column(68, 72),
  scopes: column(69, 73),
  roles: column(70, 74),
  version: column(71, 75),
  keyId: column(72, 76),
  expires: column(73, 36),
  issued: column(74, 38),
  source: column(75, 0),
  message: column(76, 0),
  metadata: column(77, 0),
  claimName: column(78, 0),
  claimValue: column(79, 0),
} as const;

const span = (index: number): Column => column(80 + index, index);

/** Texts that only a refusal tells; `word` is their place among a refusal's texts. */
export const SPAN = {
  url: span(0),
  backendUrl: span(1),
  backendMethod: span(2),
  source: span(3),
  reason: span(4),
  message: span(5),
  scope: span(6),
  section: span(7),
  path: span(8),
  backendChallenge: span(9),
  challenge: span(10),
  /** Bodies are JSON of any kind. */
  backendBody: span(11),
  body: span(12),
  tenantId: span(13),
  tokenId: span(14),
  /** Where it is no GUID. */
  ownId: span(15),
} as const;
