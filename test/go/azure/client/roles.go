package main

import (
	"context"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
)

func listRoleDefinitions(ctx context.Context, o order) (any, error) {
	with, err := wants[resourceOrder](o)
	if err != nil {
		return nil, err
	}
	credential, err := o.credential()
	if err != nil {
		return nil, err
	}
	client, err := armauthorization.NewRoleDefinitionsClient(credential, o.armOptions())
	if err != nil {
		return nil, err
	}
	options := &armauthorization.RoleDefinitionsClientListOptions{}
	if with.Filter != "" {
		options.Filter = &with.Filter
	}
	type page = armauthorization.RoleDefinitionsClientListResponse
	found, err := collect(ctx, client.NewListPager(with.Scope, options), func(page page) []map[string]string {
		shown := []map[string]string{}
		for _, role := range page.Value {
			shown = append(shown, map[string]string{"id": text(role.ID), "name": text(role.Properties.RoleName)})
		}
		return shown
	})
	return map[string]any{"roles": found}, err
}

func createRoleAssignment(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armauthorization.NewRoleAssignmentsClient)
	if err != nil {
		return nil, err
	}
	created, err := client.Create(ctx, with.Scope, with.Name, armauthorization.RoleAssignmentCreateParameters{
		Properties: &armauthorization.RoleAssignmentProperties{
			PrincipalID:      &with.PrincipalID,
			PrincipalType:    to.Ptr(armauthorization.PrincipalTypeServicePrincipal),
			RoleDefinitionID: &with.Role,
		},
	}, nil)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": text(created.ID), "principalId": text(created.Properties.PrincipalID)}, nil
}

func listRoleAssignments(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armauthorization.NewRoleAssignmentsClient)
	if err != nil {
		return nil, err
	}
	options := &armauthorization.RoleAssignmentsClientListForScopeOptions{}
	if with.Filter != "" {
		// This one filter goes into the address as it is.
		options.Filter = to.Ptr(url.PathEscape(with.Filter))
	}
	type page = armauthorization.RoleAssignmentsClientListForScopeResponse
	found, err := collect(ctx, client.NewListForScopePager(with.Scope, options), func(page page) []string {
		return names(page.Value, func(one *armauthorization.RoleAssignment) *string { return one.Name })
	})
	return map[string]any{"names": found}, err
}

func deleteRoleAssignment(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armauthorization.NewRoleAssignmentsClient)
	if err != nil {
		return nil, err
	}
	_, err = client.Delete(ctx, with.Scope, with.Name, nil)
	return nil, err
}
