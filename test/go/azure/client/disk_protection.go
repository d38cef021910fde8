package main

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
)

func createEncryptionSet(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDiskEncryptionSetsClient)
	if err != nil {
		return nil, err
	}
	body, err := bodyOf[armcompute.DiskEncryptionSet](o)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginCreateOrUpdate(ctx, with.Group, with.Name, body, nil)
	made, err := finished(ctx, poller, err)
	return made.DiskEncryptionSet, err
}

func getEncryptionSet(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDiskEncryptionSetsClient)
	if err != nil {
		return nil, err
	}
	got, err := client.Get(ctx, with.Group, with.Name, nil)
	return got.DiskEncryptionSet, err
}

func updateEncryptionSet(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDiskEncryptionSetsClient)
	if err != nil {
		return nil, err
	}
	body, err := bodyOf[armcompute.DiskEncryptionSetUpdate](o)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginUpdate(ctx, with.Group, with.Name, body, nil)
	updated, err := finished(ctx, poller, err)
	return updated.DiskEncryptionSet, err
}

func deleteEncryptionSet(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDiskEncryptionSetsClient)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginDelete(ctx, with.Group, with.Name, nil)
	_, err = finished(ctx, poller, err)
	return nil, err
}

func listEncryptionSets(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDiskEncryptionSetsClient)
	if err != nil {
		return nil, err
	}
	type inGroup = armcompute.DiskEncryptionSetsClientListByResourceGroupResponse
	type all = armcompute.DiskEncryptionSetsClientListResponse
	return listed(ctx, with.Group,
		func() *runtime.Pager[inGroup] { return client.NewListByResourceGroupPager(with.Group, nil) },
		func(page inGroup) []*armcompute.DiskEncryptionSet { return page.Value },
		func() *runtime.Pager[all] { return client.NewListPager(nil) },
		func(page all) []*armcompute.DiskEncryptionSet { return page.Value },
		func(set *armcompute.DiskEncryptionSet) *string { return set.Name },
	)
}

func createDiskAccess(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDiskAccessesClient)
	if err != nil {
		return nil, err
	}
	body, err := bodyOf[armcompute.DiskAccess](o)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginCreateOrUpdate(ctx, with.Group, with.Name, body, nil)
	made, err := finished(ctx, poller, err)
	return made.DiskAccess, err
}

func getDiskAccess(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDiskAccessesClient)
	if err != nil {
		return nil, err
	}
	got, err := client.Get(ctx, with.Group, with.Name, nil)
	return got.DiskAccess, err
}

func updateDiskAccess(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDiskAccessesClient)
	if err != nil {
		return nil, err
	}
	body, err := bodyOf[armcompute.DiskAccessUpdate](o)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginUpdate(ctx, with.Group, with.Name, body, nil)
	updated, err := finished(ctx, poller, err)
	return updated.DiskAccess, err
}

func deleteDiskAccess(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDiskAccessesClient)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginDelete(ctx, with.Group, with.Name, nil)
	_, err = finished(ctx, poller, err)
	return nil, err
}

func listDiskAccesses(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewDiskAccessesClient)
	if err != nil {
		return nil, err
	}
	type inGroup = armcompute.DiskAccessesClientListByResourceGroupResponse
	type all = armcompute.DiskAccessesClientListResponse
	return listed(ctx, with.Group,
		func() *runtime.Pager[inGroup] { return client.NewListByResourceGroupPager(with.Group, nil) },
		func(page inGroup) []*armcompute.DiskAccess { return page.Value },
		func() *runtime.Pager[all] { return client.NewListPager(nil) },
		func(page all) []*armcompute.DiskAccess { return page.Value },
		func(access *armcompute.DiskAccess) *string { return access.Name },
	)
}
