package main

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
)

func createSnapshot(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewSnapshotsClient)
	if err != nil {
		return nil, err
	}
	body, err := bodyOf[armcompute.Snapshot](o)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginCreateOrUpdate(ctx, with.Group, with.Name, body, nil)
	made, err := finished(ctx, poller, err)
	return made.Snapshot, err
}

func getSnapshot(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewSnapshotsClient)
	if err != nil {
		return nil, err
	}
	got, err := client.Get(ctx, with.Group, with.Name, nil)
	return got.Snapshot, err
}

func updateSnapshot(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewSnapshotsClient)
	if err != nil {
		return nil, err
	}
	body, err := bodyOf[armcompute.SnapshotUpdate](o)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginUpdate(ctx, with.Group, with.Name, body, nil)
	updated, err := finished(ctx, poller, err)
	return updated.Snapshot, err
}

func deleteSnapshot(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewSnapshotsClient)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginDelete(ctx, with.Group, with.Name, nil)
	_, err = finished(ctx, poller, err)
	return nil, err
}

func listSnapshots(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewSnapshotsClient)
	if err != nil {
		return nil, err
	}
	type inGroup = armcompute.SnapshotsClientListByResourceGroupResponse
	type all = armcompute.SnapshotsClientListResponse
	return listed(ctx, with.Group,
		func() *runtime.Pager[inGroup] { return client.NewListByResourceGroupPager(with.Group, nil) },
		func(page inGroup) []*armcompute.Snapshot { return page.Value },
		func() *runtime.Pager[all] { return client.NewListPager(nil) },
		func(page all) []*armcompute.Snapshot { return page.Value },
		func(snapshot *armcompute.Snapshot) *string { return snapshot.Name },
	)
}

func grantSnapshot(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewSnapshotsClient)
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

func revokeSnapshot(ctx context.Context, o order) (any, error) {
	client, with, err := resourceClient(o, armcompute.NewSnapshotsClient)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginRevokeAccess(ctx, with.Group, with.Name, nil)
	_, err = finished(ctx, poller, err)
	return nil, err
}
