package main

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
)

func createDisk(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDisksClient)
	if err != nil {
		return nil, err
	}
	body, err := bodyOf[armcompute.Disk](o)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginCreateOrUpdate(ctx, with.Group, with.Name, body, nil)
	made, err := finished(ctx, poller, err)
	return made.Disk, err
}

func getDisk(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDisksClient)
	if err != nil {
		return nil, err
	}
	got, err := client.Get(ctx, with.Group, with.Name, nil)
	return got.Disk, err
}

func updateDisk(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDisksClient)
	if err != nil {
		return nil, err
	}
	body, err := bodyOf[armcompute.DiskUpdate](o)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginUpdate(ctx, with.Group, with.Name, body, nil)
	updated, err := finished(ctx, poller, err)
	return updated.Disk, err
}

func deleteDisk(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDisksClient)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginDelete(ctx, with.Group, with.Name, nil)
	_, err = finished(ctx, poller, err)
	return nil, err
}

func listDisks(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDisksClient)
	if err != nil {
		return nil, err
	}
	type inGroup = armcompute.DisksClientListByResourceGroupResponse
	type all = armcompute.DisksClientListResponse
	return listed(ctx, with.Group,
		func() *runtime.Pager[inGroup] { return client.NewListByResourceGroupPager(with.Group, nil) },
		func(page inGroup) []*armcompute.Disk { return page.Value },
		func() *runtime.Pager[all] { return client.NewListPager(nil) },
		func(page all) []*armcompute.Disk { return page.Value },
		func(disk *armcompute.Disk) *string { return disk.Name },
	)
}

func grantDisk(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDisksClient)
	if err != nil {
		return nil, err
	}
	body, err := bodyOf[armcompute.GrantAccessData](o)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginGrantAccess(ctx, with.Group, with.Name, body, nil)
	granted, err := finished(ctx, poller, err)
	return map[string]any{"sas": text(granted.AccessSAS)}, err
}

func revokeDisk(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDisksClient)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginRevokeAccess(ctx, with.Group, with.Name, nil)
	_, err = finished(ctx, poller, err)
	return nil, err
}

func listSKUs(ctx context.Context, o order) (any, error) {
	client, _, err := resourceClient(o, armcompute.NewResourceSKUsClient)
	if err != nil {
		return nil, err
	}
	with, err := wants[computeOrder](o)
	if err != nil {
		return nil, err
	}
	options := &armcompute.ResourceSKUsClientListOptions{}
	if with.Filter != "" {
		options.Filter = &with.Filter
	}
	type page = armcompute.ResourceSKUsClientListResponse
	found, err := collect(ctx, client.NewListPager(options), func(page page) []*armcompute.ResourceSKU {
		wanted := []*armcompute.ResourceSKU{}
		for _, sku := range page.Value {
			if text(sku.ResourceType) == with.ResourceType {
				wanted = append(wanted, sku)
			}
		}
		return wanted
	})
	return map[string]any{"skus": found}, err
}
