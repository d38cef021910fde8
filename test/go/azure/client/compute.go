package main

import (
	"context"
	"encoding/json"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// What an order for disks and their like holds besides the name. The body is JSON as the REST API has it; it goes
// through the SDK's models, and what comes back does, too: a field that the SDK does not know is lost.
type computeOrder struct {
	Body         json.RawMessage `json:"body"`
	Filter       string          `json:"filter"`
	ResourceType string          `json:"resourceType"`
}

func bodyOf[T any](o order) (T, error) {
	var body T
	with, err := wants[computeOrder](o)
	if err == nil {
		err = json.Unmarshal(with.Body, &body)
	}
	return body, err
}

// finished takes what the SDK's Begin… methods bring, and waits for the end.
func finished[T any](ctx context.Context, poller *runtime.Poller[T], err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return poller.PollUntilDone(ctx, quickPolls)
}

// listed are the names of a group's resources, or of a subscription's where the order names no group.
func listed[G any, A any, T any](
	ctx context.Context, group string,
	inGroup func() *runtime.Pager[G], itemsInGroup func(G) []*T,
	all func() *runtime.Pager[A], items func(A) []*T,
	name func(*T) *string,
) (any, error) {
	var found []string
	var err error
	if group == "" {
		found, err = collect(ctx, all(), func(page A) []string { return names(items(page), name) })
	} else {
		found, err = collect(ctx, inGroup(), func(page G) []string { return names(itemsInGroup(page), name) })
	}
	return map[string]any{"names": found}, err
}
