/** What somebody may do: look; also acknowledge and mute; also export evidence. */
export const ROLES = ["viewer", "operator", "auditor"] as const;
export type Role = (typeof ROLES)[number];

/** Who asks, by a token or a session; on loopback without sign-in, whoever is on the machine. */
export interface Who {
  readonly name: string;
  readonly roles: ReadonlySet<Role>;
}

export const LOCAL: Who = { name: "local", roles: new Set(ROLES) };

/** Operators and auditors may look, too. */
export const may = ({ roles }: Who, role: Role): boolean => roles.has(role) || (role === "viewer" && roles.size > 0);

/** Names of roles as an identity provider has them, to ours; what is no list of texts gives none. */
export function rolesOf(claim: unknown, names: Readonly<Record<Role, string>>): ReadonlySet<Role> {
  const given: readonly unknown[] = Array.isArray(claim) ? claim : [];
  return new Set(ROLES.filter((role) => given.includes(names[role])));
}
