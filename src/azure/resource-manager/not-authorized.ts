import type { Rule } from "./call.ts";
import { scopeOf, sentence } from "./error-rule.ts";

/**
 * The message names who was refused: `The client 'ID' with object id 'ID' does not have authorization to perform
 * action …`. IDs alone are taken from it.
 */
export const notAuthorized: Rule = ({ message }, call) => {
  const { action, role } = call.permission;
  return refused(message, { action, role, scope: scopeOf(call) });
};

/**
 * Of what goes with the request besides its own resource: `… however, it does not have permission to perform action(s)
 * 'ACTION' on the linked scope(s) 'ID' (respectively) or the linked scope(s) are invalid`.
 */
export const linkedScope: Rule = (error, call) => {
  const { message } = error;
  const found =
    /not have permission to perform action(?:\(s\))? '([\w./*-]+)[^']*' on the (?:'\d+' )?linked scope\(s\) '([^',]*)/i.exec(
      message,
    );
  const [, action, scope] = found ?? [];
  if (action === undefined || scope === undefined || scope === "" || /deny assignment/i.test(message)) {
    return {
      code: "PermissionDenied",
      reason: sentence(error),
      hint: "the identity lacks a right on something that the request names: a disk, a snapshot, a disk encryption set; a deny assignment cannot be helped by any role",
    };
  }
  const role = LINKED_ROLES.get(action.toLowerCase()) ?? call.permission.role;
  const { reason, hint, code } = refused(message, { action, role, scope });
  return { code, reason: `${reason}, if that is there at all`, hint };
};

/**
 * The built-in roles that hold what is asked of the other resource. Sources: "Azure built-in roles" and what Azure says when
 * a right is missing.
 */
const LINKED_ROLES: ReadonlyMap<string, string> = new Map([
  ["microsoft.compute/disks/begingetaccess/action", "Disk Backup Reader"],
  ["microsoft.compute/snapshots/begingetaccess/action", "Disk Snapshot Contributor"],
  ["microsoft.compute/diskencryptionsets/read", "Reader"],
  ["microsoft.compute/diskaccesses/read", "Reader"],
]);

interface Missing {
  readonly action: string;
  readonly role: string;
  readonly scope: string;
}

function refused(message: string, { action, role, scope }: Missing): ReturnType<Rule> {
  const objectId = /object id '([0-9a-f-]{36})'/i.exec(message)?.[1];
  const who = objectId === undefined ? "the identity" : `the identity with object ID ${objectId}`;
  const assignee = objectId ?? "OBJECT_ID";
  return {
    code: "PermissionDenied",
    reason: `${who} may not perform ${action} on "${scope}"`,
    hint: `give it a role with that action, and wait some minutes until it holds: az role assignment create --assignee-object-id ${assignee} --assignee-principal-type ServicePrincipal --role "${role}" --scope "${grantScope(scope)}"`,
  };
}

/** Disks and snapshots come and go, and the one that was to be made is not there: their role belongs on the group. */
function grantScope(scope: string): string {
  return scope.replace(/\/providers\/Microsoft\.Compute\/(disks|snapshots)\/[^/]*$/i, "");
}
