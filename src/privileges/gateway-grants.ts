import { entry } from "../lib/entry.ts";
import type { GatewayRecord, GatewayScope } from "../model/gateway-inventory.ts";
import type { Instant } from "../model/time.ts";

/** What lists of API Management services tell: of two lists both count. Names are lower-cased. Plain data. */
export interface GatewayGrants {
  readonly services: Map<string, ServiceGrants>;
  /** Things in all of them. */
  size: number;
  /** Records beyond what is kept. */
  beyond: number;
}

export interface ServiceGrants {
  /** ARM id. */
  readonly id: string;
  readonly apis: Set<string>;
  /** API → its operations. */
  readonly operations: Map<string, Set<string>>;
  readonly products: Map<string, { isPublished: boolean; readonly apis: Set<string> }>;
  readonly subscriptions: Map<string, SubscriptionGrant>;
}

export interface SubscriptionGrant {
  readonly scope: GatewayScope;
  readonly isActive: boolean;
  /** When it was made; undefined where no list tells. */
  readonly since: Instant | undefined;
}

const MOST = 200_000;

export const createGatewayGrants = (): GatewayGrants => ({ services: new Map(), size: 0, beyond: 0 });

/** Adds what a list tells, in any order. Of two records of one subscription the greater as text stays. */
export function addGatewayRecord(grants: GatewayGrants, record: GatewayRecord): void {
  if (grants.size >= MOST) {
    grants.beyond += 1;
    return;
  }
  grants.size += 1;
  const service = serviceOf(grants, record);
  switch (record.kind) {
    case "gateway-api":
      service.apis.add(record.api);
      return;
    case "gateway-operation":
      entry(service.operations, record.api, () => new Set<string>()).add(record.operation);
      return;
    case "gateway-product":
      productOf(service, record.product).isPublished &&= record.isPublished;
      return;
    case "gateway-product-api":
      productOf(service, record.product).apis.add(record.api);
      return;
    case "gateway-subscription": {
      const { subscription, scope, isActive, since } = record;
      const known = service.subscriptions.get(subscription);
      const fresh = { scope, isActive, since };
      if (known === undefined || JSON.stringify(known) < JSON.stringify(fresh))
        service.subscriptions.set(subscription, fresh);
    }
  }
}

function serviceOf({ services }: GatewayGrants, { service, serviceId }: GatewayRecord): ServiceGrants {
  return entry(services, service, () => ({
    id: serviceId,
    apis: new Set(),
    operations: new Map(),
    products: new Map(),
    subscriptions: new Map(),
  }));
}

const productOf = (
  { products }: ServiceGrants,
  product: string,
): { isPublished: boolean; readonly apis: Set<string> } =>
  entry(products, product, () => ({ isPublished: true, apis: new Set<string>() }));
