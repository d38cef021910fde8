package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
)

type blobOrder struct {
	// `https://HOST` or `https://HOST/ACCOUNT`.
	Endpoint   string `json:"endpoint"`
	Account    string `json:"account"`
	AccountKey string `json:"accountKey"`
	SAS        string `json:"sas"`
	Container  string `json:"container"`
	Name       string `json:"name"`
	Text       string `json:"text"`
	Prefix     string `json:"prefix"`
	// Of a staged block.
	Blocks []string `json:"blocks"`
}

// serviceClient authorizes by SAS, by account key, or by the order's way to sign in, whichever the order has.
func serviceClient(o order, with blobOrder) (*service.Client, error) {
	options := &service.ClientOptions{ClientOptions: o.clientOptions(), Audience: o.Cloud.StorageAudience}
	switch {
	case with.SAS != "":
		return service.NewClientWithNoCredential(with.Endpoint+"?"+with.SAS, options)
	case with.AccountKey != "":
		key, err := service.NewSharedKeyCredential(with.Account, with.AccountKey)
		if err != nil {
			return nil, err
		}
		return service.NewClientWithSharedKeyCredential(with.Endpoint, key, options)
	case o.SignIn == nil:
		return service.NewClientWithNoCredential(with.Endpoint, options)
	}
	credential, err := o.credential()
	if err != nil {
		return nil, err
	}
	return service.NewClient(with.Endpoint, credential, options)
}

func withBlobs(o order) (*service.Client, blobOrder, error) {
	with, err := wants[blobOrder](o)
	if err != nil {
		return nil, with, err
	}
	client, err := serviceClient(o, with)
	return client, with, err
}

func createContainer(ctx context.Context, o order) (any, error) {
	client, with, err := withBlobs(o)
	if err != nil {
		return nil, err
	}
	_, err = client.CreateContainer(ctx, with.Container, nil)
	return nil, err
}

func putBlob(ctx context.Context, o order) (any, error) {
	client, with, err := withBlobs(o)
	if err != nil {
		return nil, err
	}
	blob := client.NewContainerClient(with.Container).NewBlockBlobClient(with.Name)
	put, err := blob.UploadBuffer(ctx, []byte(with.Text), nil)
	if err != nil {
		return nil, err
	}
	return map[string]any{"etag": string(*put.ETag)}, nil
}

func putBlocks(ctx context.Context, o order) (any, error) {
	client, with, err := withBlobs(o)
	if err != nil {
		return nil, err
	}
	blob := client.NewContainerClient(with.Container).NewBlockBlobClient(with.Name)
	ids := make([]string, len(with.Blocks))
	for index, text := range with.Blocks {
		ids[index] = base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%08d", index))
		body := streaming.NopCloser(bytes.NewReader([]byte(text)))
		if _, err := blob.StageBlock(ctx, ids[index], body, nil); err != nil {
			return nil, err
		}
	}
	_, err = blob.CommitBlockList(ctx, ids, nil)
	return nil, err
}

func getBlob(ctx context.Context, o order) (any, error) {
	client, with, err := withBlobs(o)
	if err != nil {
		return nil, err
	}
	got, err := client.NewContainerClient(with.Container).NewBlobClient(with.Name).DownloadStream(ctx, nil)
	if err != nil {
		return nil, err
	}
	body := got.NewRetryReader(ctx, nil)
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	return map[string]any{"text": string(content)}, nil
}

func listBlobs(ctx context.Context, o order) (any, error) {
	client, with, err := withBlobs(o)
	if err != nil {
		return nil, err
	}
	pages := client.NewContainerClient(with.Container).NewListBlobsFlatPager(
		&azblob.ListBlobsFlatOptions{Prefix: &with.Prefix})
	names := []string{}
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Segment.BlobItems {
			names = append(names, *item.Name)
		}
	}
	return map[string]any{"names": names}, nil
}

func deleteBlob(ctx context.Context, o order) (any, error) {
	client, with, err := withBlobs(o)
	if err != nil {
		return nil, err
	}
	_, err = client.NewContainerClient(with.Container).NewBlobClient(with.Name).Delete(ctx, nil)
	return nil, err
}

func blobProperties(ctx context.Context, o order) (any, error) {
	client, with, err := withBlobs(o)
	if err != nil {
		return nil, err
	}
	got, err := client.NewContainerClient(with.Container).NewBlobClient(with.Name).GetProperties(ctx, nil)
	if err != nil {
		return nil, err
	}
	return map[string]any{"size": *got.ContentLength}, nil
}
