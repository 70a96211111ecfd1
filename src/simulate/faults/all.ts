import { cosmosFaults } from "./cosmos.ts";
import type { Fault, FaultMaker } from "./fault.ts";
import { gatewayFaults } from "./gateway.ts";
import { grantFaults } from "./grant.ts";
import { ownTokenFaults } from "./own-token.ts";
import { policyFaults } from "./policy.ts";
import { secretFaults } from "./secrets.ts";
import { tokenFaults } from "./token.ts";

/** Every cause that a tenant can be given, in the order in which seeds take turns. */
export const ALL_FAULTS: readonly (readonly [Fault["cause"], FaultMaker])[] = [
  ...gatewayFaults,
  ...tokenFaults,
  ...cosmosFaults,
  ...policyFaults,
  ...ownTokenFaults,
  ...secretFaults,
  ...grantFaults,
];
