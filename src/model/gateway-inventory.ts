import type { Instant } from "./time.ts";

/** What the key of a subscription opens. */
export type GatewayScope =
  | { readonly kind: "all" }
  | { readonly kind: "product"; readonly product: string }
  | { readonly kind: "api"; readonly api: string };

interface Owned {
  /** Name of the API Management service; it and all names below are lower-cased, as Azure tells no cases apart in them. */
  readonly service: string;
  /** ARM id of the service as it was written. */
  readonly serviceId: string;
}

/**
 * What lists of an API Management service tell: its APIs and their operations, its products and the APIs in them, its
 * subscriptions. Source: https://learn.microsoft.com/rest/api/apimanagement
 */
export type GatewayRecord =
  | (Owned & { readonly kind: "gateway-api"; readonly api: string })
  | (Owned & { readonly kind: "gateway-operation"; readonly api: string; readonly operation: string })
  | (Owned & { readonly kind: "gateway-product"; readonly product: string; readonly isPublished: boolean })
  | (Owned & { readonly kind: "gateway-product-api"; readonly product: string; readonly api: string })
  | (Owned & {
      readonly kind: "gateway-subscription";
      readonly subscription: string;
      readonly scope: GatewayScope;
      /** Whether its keys are taken. */
      readonly isActive: boolean;
      /** When it was made; undefined where the list does not tell. */
      readonly since: Instant | undefined;
    });
