package main

import (
	"context"
	"errors"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources/v3"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"
)

// What an order to Resource Manager may hold.
type resourceOrder struct {
	SubscriptionID string `json:"subscriptionId"`
	Group          string `json:"group"`
	Location       string `json:"location"`
	Name           string `json:"name"`

	// Of a storage account.
	KeyName              string   `json:"keyName"`
	AllowSharedKeyAccess *bool    `json:"allowSharedKeyAccess"`
	DefaultAction        string   `json:"defaultAction"`
	IPRules              []string `json:"ipRules"`

	// Of a role assignment; the role is its definition's resource ID.
	Scope       string `json:"scope"`
	Filter      string `json:"filter"`
	Role        string `json:"role"`
	PrincipalID string `json:"principalId"`

	// Of a federated credential.
	Federation string `json:"federation"`
	Issuer     string `json:"issuer"`
	Subject    string `json:"subject"`
	Audience   string `json:"audience"`
}

type subscriptionClient[T any] func(string, azcore.TokenCredential, *arm.ClientOptions) (*T, error)

// resourceClient makes a client of one kind of resource, as the SDK's constructors are alike.
func resourceClient[T any](o order, create subscriptionClient[T]) (*T, resourceOrder, error) {
	with, err := wants[resourceOrder](o)
	if err != nil {
		return nil, with, err
	}
	credential, err := o.credential()
	if err != nil {
		return nil, with, err
	}
	client, err := create(with.SubscriptionID, credential, o.armOptions())
	return client, with, err
}

// collect reads all pages; the pages' items and the name of each are the caller's to tell.
func collect[P any, R any](ctx context.Context, pages *runtime.Pager[P], read func(P) []R) ([]R, error) {
	all := []R{}
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, read(page)...)
	}
	return all, nil
}

// text is what a field of an answer says, empty when the service left it out.
func text[S ~string](field *S) string {
	if field == nil {
		return ""
	}
	return string(*field)
}

func names[T any](items []*T, name func(*T) *string) []string {
	found := make([]string, len(items))
	for index, item := range items {
		found[index] = text(name(item))
	}
	return found
}

func listSubscriptions(ctx context.Context, o order) (any, error) {
	credential, err := o.credential()
	if err != nil {
		return nil, err
	}
	client, err := armsubscriptions.NewClient(credential, o.armOptions())
	if err != nil {
		return nil, err
	}
	found, err := collect(ctx, client.NewListPager(nil), func(page armsubscriptions.ClientListResponse) []string {
		return names(page.Value, func(one *armsubscriptions.Subscription) *string { return one.SubscriptionID })
	})
	return map[string]any{"names": found}, err
}

func listGroups(ctx context.Context, o order) (any, error) {
	client, _, err := resourceClient(o, armresources.NewResourceGroupsClient)
	if err != nil {
		return nil, err
	}
	found, err := collect(ctx, client.NewListPager(nil), func(page armresources.ResourceGroupsClientListResponse) []string {
		return names(page.Value, func(one *armresources.ResourceGroup) *string { return one.Name })
	})
	return map[string]any{"names": found}, err
}

func createGroup(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armresources.NewResourceGroupsClient)
	if err != nil {
		return nil, err
	}
	created, err := client.CreateOrUpdate(ctx, with.Group, armresources.ResourceGroup{Location: &with.Location}, nil)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": text(created.ID), "location": text(created.Location)}, nil
}

func getGroup(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armresources.NewResourceGroupsClient)
	if err != nil {
		return nil, err
	}
	got, err := client.Get(ctx, with.Group, nil)
	if err != nil {
		return nil, err
	}
	if got.Properties == nil {
		return nil, errors.New("the resource group has no properties")
	}
	return map[string]any{"id": text(got.ID), "state": text(got.Properties.ProvisioningState)}, nil
}

func deleteGroup(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armresources.NewResourceGroupsClient)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginDelete(ctx, with.Group, nil)
	if err != nil {
		return nil, err
	}
	_, err = poller.PollUntilDone(ctx, quickPolls)
	return nil, err
}

var quickPolls = &runtime.PollUntilDoneOptions{Frequency: pollEvery}
