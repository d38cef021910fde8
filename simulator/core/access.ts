/** Role-based access control, as Resource Manager keeps it and the data plane asks it. */
export interface AccessControl {
  /**
   * Whether the principal's role assignments at the scope or above it allow the operation: `action` as in
   * `Microsoft.Storage/storageAccounts/listKeys/action`, matched with `*` and without regard to case.
   * Source: learn.microsoft.com/azure/role-based-access-control/role-definitions
   */
  isAllowed(request: AccessRequest): boolean;
}

export interface AccessRequest {
  /** Object ID of the principal. */
  readonly principalId: string;
  /** Resource ID. */
  readonly scope: string;
  readonly action: string;
  /** Of the data plane (`dataActions`), not of Resource Manager (`actions`). */
  readonly data: boolean;
}
