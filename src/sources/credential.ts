import type { TokenCredential } from "@azure/identity";

/** How a source signs in to Azure. None holds a secret: certificates and tokens are files, the rest is the host's own identity. */
export type CredentialConfig =
  | { readonly kind: "default" }
  | { readonly kind: "managed-identity"; readonly clientId?: string | undefined }
  | {
      readonly kind: "workload-identity";
      readonly clientId?: string | undefined;
      readonly tenantId?: string | undefined;
      readonly tokenFile?: string | undefined;
    }
  | {
      readonly kind: "client-certificate";
      readonly tenantId: string;
      readonly clientId: string;
      /** PEM file with the certificate and its private key. */
      readonly certificate: string;
    }
  | { readonly kind: "cli"; readonly tenantId?: string | undefined };

/** The sign-in's cloud: `AZURE_AUTHORITY_HOST` without it, else the public one. */
export type Cloud = "public" | "us-government" | "china";

const AUTHORITIES: Readonly<Record<Cloud, string>> = {
  public: "https://login.microsoftonline.com",
  "us-government": "https://login.microsoftonline.us",
  china: "https://login.chinacloudapi.cn",
};

/** A credential that has not asked for a token yet. The library is loaded when it is needed: it is large. */
export async function createCredential(config: CredentialConfig, cloud?: Cloud): Promise<TokenCredential> {
  const identity = await import("@azure/identity");
  const authority = cloud === undefined ? {} : { authorityHost: AUTHORITIES[cloud] };
  switch (config.kind) {
    case "default":
      return new identity.DefaultAzureCredential(authority);
    case "managed-identity":
      return config.clientId === undefined
        ? new identity.ManagedIdentityCredential(authority)
        : new identity.ManagedIdentityCredential({ clientId: config.clientId, ...authority });
    case "workload-identity":
      return new identity.WorkloadIdentityCredential({
        ...authority,
        ...(config.clientId === undefined ? {} : { clientId: config.clientId }),
        ...(config.tenantId === undefined ? {} : { tenantId: config.tenantId }),
        ...(config.tokenFile === undefined ? {} : { tokenFilePath: config.tokenFile }),
      });
    case "client-certificate":
      return new identity.ClientCertificateCredential(config.tenantId, config.clientId, config.certificate, authority);
    case "cli":
      return new identity.AzureCliCredential(config.tenantId === undefined ? {} : { tenantId: config.tenantId });
  }
}
