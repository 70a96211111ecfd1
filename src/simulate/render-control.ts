import { type Rendered, ticks } from "./operation.ts";
import type { ControlRecord } from "./faults/fault.ts";
import type { Random } from "./random.ts";
import type { Tenant } from "./tenant.ts";

/** Records of a control plane, of a vault's audit, or of a sign-in. */
export function renderControl(tenant: Tenant, control: ControlRecord, random: Random): readonly Rendered[] {
  switch (control.log) {
    case "control-plane":
      return [controlPlane(control, random)];
    case "key-vault":
      return [keyVault(tenant, control, random)];
    case "sign-in":
      return [signIn(tenant, control, random)];
    case "activity":
      return activity(tenant, control, random);
  }
}

function controlPlane(control: ControlRecord, random: Random): Rendered {
  const record = {
    time: ticks(control.at, random.int(0, 9_999)),
    resourceId: control.resource.toUpperCase(),
    category: "ControlPlaneRequests",
    operationName: control.operation.includes("/") ? "SqlRoleAssignmentWrite" : control.operation,
    properties: {
      activityId: random.guid(),
      httpstatusCode: "200",
      result: "OK",
      apiKind: "Sql",
      resourceUri: control.resource,
      ...control.columns,
    },
  };
  return { at: control.at, category: "ControlPlaneRequests", record };
}

function activity(tenant: Tenant, control: ControlRecord, random: Random): readonly Rendered[] {
  const correlationId = random.guid();
  return (["Start", "Success"] as const).map((resultType, i) => ({
    at: control.at + i * 1_500,
    category: "Administrative",
    record: {
      time: ticks(control.at + i * 1_500, random.int(0, 9_999)),
      resourceId: control.resource.toUpperCase(),
      operationName: control.operation.toUpperCase(),
      category: "Administrative",
      resultType,
      resultSignature: i === 0 ? "Started." : "Succeeded.",
      durationMs: "0",
      callerIpAddress: "203.0.113.250",
      correlationId,
      identity: {
        claims: {
          "http://schemas.microsoft.com/identity/claims/objectidentifier": tenant.tenantId,
          iat: String(Math.floor(control.at / 1_000)),
        },
      },
      level: "Informational",
      properties: {
        eventCategory: "Administrative",
        entity: control.resource,
        ...(control.body === undefined ? {} : { requestbody: JSON.stringify(control.body) }),
      },
    },
  }));
}

/** `resource` is the vault; columns: `secret`, `status`, and `owner`, the resource whose managed identity asked. */
function keyVault({ subscriptionId }: Tenant, control: ControlRecord, random: Random): Rendered {
  const { secret, status, owner } = { secret: "api-key", status: 200, owner: undefined, ...control.columns };
  const id = `https://${control.resource}.vault.azure.net/secrets/${secret}/${random.hex(32)}`;
  const isFine = status < 400;
  const record = {
    time: ticks(control.at, random.int(0, 9_999)),
    resourceId:
      `/SUBSCRIPTIONS/${subscriptionId}/RESOURCEGROUPS/RG-KEYS/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/${control.resource}`.toUpperCase(),
    operationName: control.operation,
    category: "AuditEvent",
    resultType: "Success",
    resultSignature: isFine ? "OK" : "Forbidden",
    durationMs: String(random.int(9, 120)),
    callerIpAddress: "203.0.113.20",
    correlationId: random.guid(),
    identity: {
      claim: {
        oid: random.guid(),
        appid: random.guid(),
        ...(owner === undefined ? { upn: "someone@contoso.example" } : { xms_mirid: owner }),
      },
    },
    properties: { requestUri: `${id}?api-version=7.4`, id, httpStatusCode: status },
  };
  return { at: control.at, category: "AuditEvent", record };
}

/** Of a service principal; columns: `appId`, `principal`, `errorCode`, `address`. */
function signIn({ tenantId }: Tenant, control: ControlRecord, random: Random): Rendered {
  const { appId, principal, errorCode, address } = {
    appId: "",
    principal: "",
    errorCode: 0,
    address: "",
    ...control.columns,
  };
  const record = {
    time: ticks(control.at + random.int(1, 150) * 1_000, random.int(0, 9_999)),
    resourceId: `/tenants/${tenantId}/providers/Microsoft.aadiam`,
    operationName: "Sign-in activity",
    category: "ServicePrincipalSignInLogs",
    resultType: String(errorCode),
    resultSignature: "None",
    durationMs: "0",
    callerIpAddress: address,
    level: "Informational",
    properties: {
      id: random.guid(),
      createdDateTime: ticks(control.at, random.int(0, 9_999)).replace("Z", "+00:00"),
      appId,
      servicePrincipalId: principal,
      servicePrincipalName: control.operation,
      resourceDisplayName: control.resource,
      ipAddress: address,
      status: { errorCode },
    },
  };
  return { at: control.at, category: "ServicePrincipalSignInLogs", record };
}
