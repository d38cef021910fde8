import type { Json } from "../json.ts";
import { isWithin } from "../resource-id.ts";
import { listOf, variable } from "../routes.ts";
import type { Route } from "../routes.ts";
import type { SubscriptionRecord } from "../state.ts";

/** Source: learn.microsoft.com/rest/api/resources/subscriptions */
export function subscriptionRoutes(): readonly Route[] {
  return [
    {
      operation: "subscriptions/list",
      method: "GET",
      path: "/subscriptions",
      answer: ({ state, caller }) => {
        const visible = Object.values(state.subscriptions).filter(
          (subscription) =>
            subscription.tenantId === caller.tid.toLowerCase() &&
            Object.values(state.roleAssignments).some(
              (assignment) =>
                assignment.principalId === caller.oid.toLowerCase() &&
                (isWithin(assignment.scope, idOf(subscription)) ||
                  isWithin(idOf(subscription), assignment.scope)),
            ),
        );
        return listOf(visible.map(bodyOf), { count: { type: "Total", value: visible.length } });
      },
    },
    {
      operation: "subscriptions/get",
      method: "GET",
      path: "/subscriptions/{subscription}",
      action: "Microsoft.Resources/subscriptions/read",
      answer: (request) => {
        const subscription = request.state.subscriptions[variable(request, "subscription").toLowerCase()];
        return subscription === undefined ? { status: 404 } : { status: 200, body: bodyOf(subscription) };
      },
    },
  ];
}

function idOf(subscription: SubscriptionRecord): string {
  return `/subscriptions/${subscription.subscriptionId}`;
}

function bodyOf(subscription: SubscriptionRecord): Json {
  return {
    id: idOf(subscription),
    authorizationSource: "RoleBased",
    managedByTenants: [],
    subscriptionId: subscription.subscriptionId,
    tenantId: subscription.tenantId,
    displayName: subscription.displayName,
    state: "Enabled",
    subscriptionPolicies: {
      locationPlacementId: "Public_2014-09-01",
      quotaId: "PayAsYouGo_2014-09-01",
      spendingLimit: "Off",
    },
  };
}
