package main

import (
	"context"
	"errors"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage/v2"
)

const pollEvery = time.Second

func createAccount(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armstorage.NewAccountsClient)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginCreate(ctx, with.Group, with.Name, armstorage.AccountCreateParameters{
		Kind:     to.Ptr(armstorage.KindStorageV2),
		Location: &with.Location,
		SKU:      &armstorage.SKU{Name: to.Ptr(armstorage.SKUNameStandardLRS)},
		Properties: &armstorage.AccountPropertiesCreateParameters{
			AllowSharedKeyAccess: with.AllowSharedKeyAccess,
		},
	}, nil)
	if err != nil {
		return nil, err
	}
	created, err := poller.PollUntilDone(ctx, quickPolls)
	if err != nil {
		return nil, err
	}
	return shownAccount(created.Account)
}

func getAccount(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armstorage.NewAccountsClient)
	if err != nil {
		return nil, err
	}
	got, err := client.GetProperties(ctx, with.Group, with.Name, nil)
	if err != nil {
		return nil, err
	}
	return shownAccount(got.Account)
}

func updateAccount(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armstorage.NewAccountsClient)
	if err != nil {
		return nil, err
	}
	properties := &armstorage.AccountPropertiesUpdateParameters{AllowSharedKeyAccess: with.AllowSharedKeyAccess}
	if with.DefaultAction != "" {
		rules := make([]*armstorage.IPRule, len(with.IPRules))
		for index := range with.IPRules {
			rules[index] = &armstorage.IPRule{IPAddressOrRange: &with.IPRules[index]}
		}
		properties.NetworkRuleSet = &armstorage.NetworkRuleSet{
			DefaultAction: to.Ptr(armstorage.DefaultAction(with.DefaultAction)),
			IPRules:       rules,
		}
	}
	updated, err := client.Update(ctx, with.Group, with.Name,
		armstorage.AccountUpdateParameters{Properties: properties}, nil)
	if err != nil {
		return nil, err
	}
	return shownAccount(updated.Account)
}

func deleteAccount(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armstorage.NewAccountsClient)
	if err != nil {
		return nil, err
	}
	_, err = client.Delete(ctx, with.Group, with.Name, nil)
	return nil, err
}

func listKeys(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armstorage.NewAccountsClient)
	if err != nil {
		return nil, err
	}
	got, err := client.ListKeys(ctx, with.Group, with.Name,
		&armstorage.AccountsClientListKeysOptions{Expand: to.Ptr("kerb")})
	if err != nil {
		return nil, err
	}
	return shownKeys(got.Keys), nil
}

func regenerateKey(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armstorage.NewAccountsClient)
	if err != nil {
		return nil, err
	}
	got, err := client.RegenerateKey(ctx, with.Group, with.Name,
		armstorage.AccountRegenerateKeyParameters{KeyName: &with.KeyName}, nil)
	if err != nil {
		return nil, err
	}
	return shownKeys(got.Keys), nil
}

func shownAccount(account armstorage.Account) (any, error) {
	properties := account.Properties
	if properties == nil || properties.PrimaryEndpoints == nil {
		return nil, errors.New("the storage account has no endpoints")
	}
	return map[string]any{
		"id":       text(account.ID),
		"location": text(account.Location),
		"state":    text(properties.ProvisioningState),
		"blob":     text(properties.PrimaryEndpoints.Blob),
		// Azure leaves it out until somebody sets it; that means allowed.
		"allowSharedKeyAccess": properties.AllowSharedKeyAccess == nil || *properties.AllowSharedKeyAccess,
	}, nil
}

func shownKeys(keys []*armstorage.AccountKey) any {
	shown := make([]map[string]string, len(keys))
	for index, key := range keys {
		shown[index] = map[string]string{
			"name":        text(key.KeyName),
			"value":       text(key.Value),
			"permissions": text(key.Permissions),
		}
	}
	return map[string]any{"keys": shown}
}
