package main

import (
	"context"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
)

type sasOrder struct {
	blobOrder
	// In Azure's letters, such as `rwl`.
	Permissions string `json:"permissions"`
	// Unix seconds, by the clock of the simulated world.
	Starts  int64 `json:"starts"`
	Expires int64 `json:"expires"`
	// Of the user delegation key itself; the SAS's when 0.
	KeyExpires int64 `json:"keyExpires"`
}

func (s sasOrder) values() sas.BlobSignatureValues {
	return sas.BlobSignatureValues{
		Protocol:      sas.ProtocolHTTPS,
		StartTime:     time.Unix(s.Starts, 0).UTC(),
		ExpiryTime:    time.Unix(s.Expires, 0).UTC(),
		Permissions:   s.Permissions,
		ContainerName: s.Container,
		BlobName:      s.Name,
	}
}

func sharedKey(o order) (*service.SharedKeyCredential, sasOrder, error) {
	with, err := wants[sasOrder](o)
	if err != nil {
		return nil, with, err
	}
	key, err := service.NewSharedKeyCredential(with.Account, with.AccountKey)
	return key, with, err
}

func accountSAS(_ context.Context, o order) (any, error) {
	key, with, err := sharedKey(o)
	if err != nil {
		return nil, err
	}
	values := sas.AccountSignatureValues{
		Protocol:      sas.ProtocolHTTPS,
		StartTime:     time.Unix(with.Starts, 0).UTC(),
		ExpiryTime:    time.Unix(with.Expires, 0).UTC(),
		Permissions:   with.Permissions,
		ResourceTypes: "sco",
	}
	signed, err := values.SignWithSharedKey(key)
	if err != nil {
		return nil, err
	}
	return map[string]any{"sas": signed.Encode()}, nil
}

func serviceSAS(_ context.Context, o order) (any, error) {
	key, with, err := sharedKey(o)
	if err != nil {
		return nil, err
	}
	signed, err := with.values().SignWithSharedKey(key)
	if err != nil {
		return nil, err
	}
	return map[string]any{"sas": signed.Encode()}, nil
}

func delegationSAS(ctx context.Context, o order) (any, error) {
	with, err := wants[sasOrder](o)
	if err != nil {
		return nil, err
	}
	client, err := serviceClient(o, with.blobOrder)
	if err != nil {
		return nil, err
	}
	keyExpires := with.KeyExpires
	if keyExpires == 0 {
		keyExpires = with.Expires
	}
	starts := time.Unix(with.Starts, 0).UTC().Format(sas.TimeFormat)
	expires := time.Unix(keyExpires, 0).UTC().Format(sas.TimeFormat)
	key, err := client.GetUserDelegationCredential(ctx, service.KeyInfo{Start: &starts, Expiry: &expires}, nil)
	if err != nil {
		return nil, err
	}
	signed, err := with.values().SignWithUserDelegation(key)
	if err != nil {
		return nil, err
	}
	return map[string]any{"sas": signed.Encode()}, nil
}
