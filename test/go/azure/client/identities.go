package main

import (
	"context"
	"errors"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/msi/armmsi"
)

func createIdentity(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armmsi.NewUserAssignedIdentitiesClient)
	if err != nil {
		return nil, err
	}
	created, err := client.CreateOrUpdate(ctx, with.Group, with.Name, armmsi.Identity{Location: &with.Location}, nil)
	if err != nil {
		return nil, err
	}
	return shownIdentity(created.Identity)
}

func getIdentity(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armmsi.NewUserAssignedIdentitiesClient)
	if err != nil {
		return nil, err
	}
	got, err := client.Get(ctx, with.Group, with.Name, nil)
	if err != nil {
		return nil, err
	}
	return shownIdentity(got.Identity)
}

func deleteIdentity(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armmsi.NewUserAssignedIdentitiesClient)
	if err != nil {
		return nil, err
	}
	_, err = client.Delete(ctx, with.Group, with.Name, nil)
	return nil, err
}

func createFederation(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armmsi.NewFederatedIdentityCredentialsClient)
	if err != nil {
		return nil, err
	}
	created, err := client.CreateOrUpdate(ctx, with.Group, with.Name, with.Federation,
		armmsi.FederatedIdentityCredential{Properties: &armmsi.FederatedIdentityCredentialProperties{
			Issuer:    &with.Issuer,
			Subject:   &with.Subject,
			Audiences: []*string{&with.Audience},
		}}, nil)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": text(created.ID)}, nil
}

func listFederations(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armmsi.NewFederatedIdentityCredentialsClient)
	if err != nil {
		return nil, err
	}
	type page = armmsi.FederatedIdentityCredentialsClientListResponse
	found, err := collect(ctx, client.NewListPager(with.Group, with.Name, nil), func(page page) []string {
		return names(page.Value, func(one *armmsi.FederatedIdentityCredential) *string { return one.Name })
	})
	return map[string]any{"names": found}, err
}

func deleteFederation(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armmsi.NewFederatedIdentityCredentialsClient)
	if err != nil {
		return nil, err
	}
	_, err = client.Delete(ctx, with.Group, with.Name, with.Federation, nil)
	return nil, err
}

func shownIdentity(identity armmsi.Identity) (any, error) {
	if identity.Properties == nil {
		return nil, errors.New("the identity has no properties")
	}
	return map[string]any{
		"id":          text(identity.ID),
		"clientId":    text(identity.Properties.ClientID),
		"principalId": text(identity.Properties.PrincipalID),
		"tenantId":    text(identity.Properties.TenantID),
	}, nil
}
